"""Verifies pushes that carry a signature instead of a key."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from typing import Final

from cachetools import TTLCache

from services.access.rate_limiter import RateLimiter
from services.database.engine import Database
from services.errors import Refused
from services.settings import Access, Sources
from services.sources import store
from services.sources.records import Source, SourceKind
from services.sources.signatures import SignatureInvalid, SignedHeaders, is_signed_by_superdesk

_FEEDS_MAX: Final = 5_000
_UNKNOWN: Final = "the signature was not made with a secret of this feed"


class PushVerifier:
    """Finds the source whose secret a push was signed with. Secrets are cached for ``access.cache_s`` seconds."""

    def __init__(self, database: Database, settings: Sources, access: Access) -> None:
        """Read secrets from ``database``."""
        self._database = database
        self._settings = settings
        self._failures_per_s = access.failures_per_s
        self._failures = RateLimiter(access.burst_s)
        self._lock = threading.Lock()
        self._cache: TTLCache[tuple[str, SourceKind], list[tuple[Source, str]]] = TTLCache(_FEEDS_MAX, access.cache_s)

    def signed(self, feed: str, headers: Mapping[str, str], body: bytes) -> tuple[Source, str]:
        """Return the source of a push with the headers of Standard Webhooks, and the ID of its message.

        Raises `SignatureInvalid` (also for a feed without such a source) and `StoreUnavailable`.
        """
        signed = SignedHeaders.read(headers)
        for source, secret in self._secrets(feed, SourceKind.SIGNED):
            if signed.match(secret, body):
                signed.check_age(time.time(), self._settings.signature_age_s)
                return source, signed.id
        raise SignatureInvalid(_UNKNOWN)

    def superdesk(self, feed: str, signature: str | None, body: bytes) -> Source:
        """Return the source of a push by Superdesk. Raises `SignatureInvalid` and `StoreUnavailable`."""
        for source, secret in self._secrets(feed, SourceKind.SUPERDESK):
            if is_signed_by_superdesk(secret, body, signature):
                return source
        raise SignatureInvalid(_UNKNOWN if signature else "x-superdesk-signature: is missing")

    def has_sources(self, feed: str, kind: SourceKind) -> bool:
        """Return whether a feed has sources of a kind, so that a failure is worth noting."""
        return bool(self._secrets(feed, kind))

    def check_failures(self, network: str) -> None:
        """Count a push without a valid signature. Raises `Refused` (429) for an address that sends many."""
        wait_s = self._failures.take(network, self._failures_per_s)
        if wait_s:
            detail = f"more than {self._failures_per_s:g} pushes a second without a valid signature"
            raise Refused(detail, code="too_many_failures", status=429, retry_after=math.ceil(wait_s))

    def _secrets(self, feed: str, kind: SourceKind) -> list[tuple[Source, str]]:
        with self._lock:
            cached = self._cache.get((feed, kind))
        if cached is not None:
            return cached
        read = store.with_secrets(self._database, feed, kind)
        if read:  # a source that was just added has to work at once
            with self._lock:
                self._cache[feed, kind] = read
        return read
