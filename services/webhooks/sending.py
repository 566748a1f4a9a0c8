"""Sends one message as Standard Webhooks 1.0 requires: signed, to a checked address, in bounded time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Final

import httpx
from standardwebhooks import Webhook as Signer

from services.outbound.addresses import AddressNotAllowed
from services.outbound.client import guarded_client, retry_after_s
from services.settings import Settings
from services.webhooks.queue import Claimed, Outcome

_GONE: Final = 410
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400


class Sender:
    """Sends messages. Each thread has a client of its own, so that no receiver holds connections that others need."""

    def __init__(self, settings: Settings) -> None:
        """Take the limits of outbound requests, and the time limit of an attempt."""
        timeout_s = settings.webhooks.timeout_s
        limits = {"total_s": timeout_s, "read_s": timeout_s}
        self._outbound = settings.outbound.model_copy(update=limits)
        self._https_only = not settings.webhooks.plain_http
        self._local = threading.local()

    def send(self, delivery: Claimed) -> Outcome:
        """Send a message and return the outcome. The body of the answer is not read."""
        try:
            client = self._client()
            request = client.build_request(
                "POST", delivery.url, content=delivery.body.encode(), headers=headers(delivery, datetime.now(UTC))
            )
            response = client.send(request, stream=True)
            response.close()
        except AddressNotAllowed:  # the message would name the address, which the owner need not know
            return Outcome(delivery, error="the host does not lead to public addresses only")
        except httpx.TimeoutException:
            return Outcome(delivery, error="no answer in time")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(delivery, error=f"{type(error).__name__}: {error}")
        return outcome_of(delivery, response)

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = guarded_client(self._outbound, https_only=self._https_only)
        return client


def headers(delivery: Claimed, now: datetime) -> dict[str, str]:
    """Return the headers of a message: its ID, the time of this attempt, and a signature with each valid secret."""
    signatures = (Signer(secret).sign(str(delivery.id), now, delivery.body) for secret in delivery.secrets)
    return {
        "Content-Type": "application/json",
        "webhook-id": str(delivery.id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def outcome_of(delivery: Claimed, response: httpx.Response) -> Outcome:
    """Return the outcome that an answer means: any 2xx accepts the message."""
    status = response.status_code
    if response.is_success:
        return Outcome(delivery, status)
    error = f"answered {status}"
    if _FIRST_REDIRECT <= status < _FIRST_ERROR:
        error += "; redirects are not followed, so give the webhook the new address"
    return Outcome(delivery, status, error, retry_after_s(response.headers), gone=status == _GONE)
