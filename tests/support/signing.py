"""Signs requests as senders do: Standard Webhooks, Superdesk, and hubs of WebSub."""

from __future__ import annotations

import base64
import hmac
import time


def standard_headers(secret: str, body: bytes, message_id: str = "msg_1", at: int | None = None) -> dict[str, str]:
    timestamp = str(int(time.time()) if at is None else at)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def hex_signature(secret: str, body: bytes, method: str = "sha1") -> str:
    return f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"
