"""Verification of webhooks (Standard Webhooks 1.0). Needs the extra ``webhooks``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from .documents import Model
from .errors import InvalidWebhook


class WebhookEvent(Model):
    """An event that a webhook reports. ``data`` depends on ``type``, such as ``result.ready``.

    ``id`` is the same each time that the event is delivered: a receiver that has seen it before ignores it.
    """

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


def verify_webhook(body: bytes | str, headers: Mapping[str, str], secrets: str | Iterable[str]) -> WebhookEvent:
    """Return the event of a request that the service sent.

    ``body`` is the request's body, byte for byte; ``secrets`` are the secret of the webhook (``whsec_…``), or several
    while it is rotated. Raises `InvalidWebhook` if none of them has signed it, or if it is older than five minutes.
    """
    from standardwebhooks import Webhook, WebhookVerificationError

    reason: Exception | None = None
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        try:
            payload = Webhook(secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError) as error:  # ValueError: a signature that cannot be read
            reason = error
        else:
            return _event(payload, headers)
    raise InvalidWebhook(str(reason) if reason else "no secret was given") from reason


def _event(payload: Any, headers: Mapping[str, str]) -> WebhookEvent:
    names = {name.lower(): value for name, value in headers.items()}
    try:
        return WebhookEvent.model_validate({"id": names["webhook-id"], **payload})
    except (ValidationError, TypeError) as error:
        raise InvalidWebhook("the body is not an event") from error
