"""The signatures of pushes: Standard Webhooks, WebSub and Superdesk. All are HMACs over the bytes of the body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.errors import Unauthenticated
from services.sources.store import SIGNED_PREFIX

# W3C WebSub, section 8: the methods that a hub may sign with.
_WEBSUB_METHODS: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})
_SUPERDESK_METHODS: Final = frozenset({"sha1", "sha256"})  # it signs with SHA-1; the others cost nothing
_MESSAGE_ID: Final = re.compile(r"[!-~]{1,255}")
_SIGNATURES_MAX: Final = 20  # in one header, as while a sender changes its secret


class SignatureInvalid(Unauthenticated):
    """A push without a valid signature."""

    code = "signature_invalid"


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """The headers of Standard Webhooks 1.0, checked in their form. ``at`` is in seconds since 1970."""

    id: str
    at: int
    signatures: tuple[bytes, ...]

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> SignedHeaders:
        """Return the headers of a request. Raises `SignatureInvalid` for the first that is missing or malformed."""
        message_id = headers.get("webhook-id", "")
        if not _MESSAGE_ID.fullmatch(message_id):
            raise SignatureInvalid("webhook-id: send up to 255 printable characters")
        timestamp = headers.get("webhook-timestamp", "")
        if not re.fullmatch(r"[0-9]{1,12}", timestamp):
            raise SignatureInvalid("webhook-timestamp: send the seconds since 1970")
        signatures = []
        for part in headers.get("webhook-signature", "").split()[:_SIGNATURES_MAX]:
            version, _, encoded = part.partition(",")
            if version == "v1":
                try:
                    signatures.append(base64.b64decode(encoded, validate=True))
                except binascii.Error:
                    continue
        if not signatures:
            raise SignatureInvalid("webhook-signature: send `v1,` and the base64 of the signature")
        return cls(message_id, int(timestamp), tuple(signatures))

    def check_age(self, now: float, tolerance_s: float) -> None:
        """Raise `SignatureInvalid` for a request that was signed too long ago, or in the future."""
        if abs(now - self.at) > tolerance_s:
            reason = f"is more than {tolerance_s:g} s away from the time of the service"
            raise SignatureInvalid(f"webhook-timestamp: {reason}", code="signature_expired")

    def match(self, secret: str, body: bytes) -> bool:
        """Return whether one of the signatures was made with this secret over ID, time and body."""
        signed = f"{self.id}.{self.at}.".encode() + body
        expected = hmac.digest(signing_key(secret), signed, "sha256")
        return any(hmac.compare_digest(expected, signature) for signature in self.signatures)


def signing_key(secret: str) -> bytes:
    """Return the bytes of a secret of Standard Webhooks. Raises ValueError if it is not base64 of 24 to 64 bytes."""
    encoded = secret.removeprefix(SIGNED_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        raise ValueError("is not base64") from None
    if not 24 <= len(key) <= 64:  # noqa: PLR2004 -- the bounds of Standard Webhooks
        raise ValueError(f"has {len(key)} bytes; 24 to 64 are allowed")
    return key


def is_signed_by_hub(secret: str, body: bytes, header: str | None) -> bool:
    """Return whether the header ``X-Hub-Signature`` (``sha256=<hex>``) was made with this secret over the body."""
    return _matches(secret, body, header, _WEBSUB_METHODS)


def is_signed_by_superdesk(secret: str, body: bytes, header: str | None) -> bool:
    """Return whether the header ``x-superdesk-signature`` (``sha1=<hex>``) was made with this secret over the body."""
    return _matches(secret, body, header, _SUPERDESK_METHODS)


def _matches(secret: str, body: bytes, header: str | None, methods: frozenset[str]) -> bool:
    method, _, signature = (header or "").strip().partition("=")
    method = method.lower()
    if method not in methods:
        return False
    expected = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())
