"""Verification of webhooks, signed by the library of Standard Webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from services.client import InvalidWebhook, verify_webhook

OLD, NEW = "whsec_b2xkIHNlY3JldA==", "whsec_bmV3IHNlY3JldA=="
BODY = json.dumps({"type": "result.ready", "timestamp": "2026-11-23T20:15:02Z", "data": {"job_id": "j"}})


def signed(secret: str, body: str = BODY, age: timedelta = timedelta()) -> dict[str, str]:
    at = datetime.now(UTC) - age
    signature = Webhook(secret).sign("msg_1", at, body)
    return {
        "Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature,
    }  # fmt: skip


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_event_signed_with_any_of_the_secrets_is_returned(secret: str) -> None:
    event = verify_webhook(BODY.encode(), signed(secret), [NEW, OLD])
    assert (event.id, event.type, event.data) == ("msg_1", "result.ready", {"job_id": "j"})


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY.encode(), signed("whsec_YW5vdGhlcg==")),
        (BODY.replace("ready", "other").encode(), signed(NEW)),
        (BODY.encode(), signed(NEW, age=timedelta(minutes=6))),
        (BODY.encode(), signed(NEW) | {"Webhook-Signature": "v1,not base64"}),
        (BODY.encode(), signed(NEW) | {"Webhook-Signature": "unreadable"}),
        (BODY.encode(), {}),
        (b"\xff", signed(NEW)),
        (b"[]", signed(NEW, "[]")),
        (b"no JSON", signed(NEW, "no JSON")),
    ],
)
def test_anything_else_is_invalid(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidWebhook):
        verify_webhook(body, headers, NEW)
