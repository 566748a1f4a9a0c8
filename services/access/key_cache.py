"""Authentication of requests by their API key, with a short-lived cache that saves a query per request."""

from __future__ import annotations

import hmac
import threading
import time
from typing import Final

from cachetools import LRUCache, TLRUCache

from services.access import keys
from services.access.keys import Presented, Stored
from services.caller import UNRESTRICTED, Caller
from services.database.engine import Database
from services.errors import Unauthenticated
from services.settings import Access

_MAX_KEYS: Final = 1_000  # beyond this number the least recently used key is dropped
_NO_HASH: Final = "0" * 64


class KeyCache:
    """Authenticates the callers of one process.

    A revoked key stays valid in other processes for at most ``access.cache_s`` seconds.
    """

    def __init__(self, database: Database, settings: Access) -> None:
        """Create an empty cache over ``database``."""
        self._database = database
        self._settings = settings
        self._lock = threading.Lock()
        self._cached: TLRUCache[str, Stored] = TLRUCache(_MAX_KEYS, ttu=self._expiry, timer=time.monotonic)
        self._last_seen: LRUCache[str, Stored] = LRUCache(_MAX_KEYS)

    def recall(self, authorization: str | None) -> Caller | None:
        """Return the caller if no query is needed, or None if :meth:`identify` has to be called.

        Raises :class:`Unauthenticated`.
        """
        if authorization is None and not self._settings.required:
            return UNRESTRICTED
        presented = _parse_header(authorization)
        with self._lock:
            stored = self._cached.get(presented.id)
        return None if stored is None else _authenticate(presented, stored)

    def identify(self, authorization: str | None) -> Caller:
        """Look the caller up in the database. Raises :class:`Unauthenticated` and StoreUnavailable."""
        presented = _parse_header(authorization)
        stored = keys.find(self._database, presented.id)
        caller = _authenticate(presented, stored)
        assert stored is not None  # noqa: S101 -- _authenticate raises otherwise
        with self._lock:
            self._cached[presented.id] = self._last_seen[presented.id] = stored
        return caller

    def last_seen(self, authorization: str | None) -> Caller | None:
        """Return the caller as of the last successful look into the database, or None if this process saw no such key.

        For routes that have to answer while the database does not, health checks and metrics: the key may have been
        revoked since. Raises :class:`Unauthenticated`.
        """
        presented = _parse_header(authorization)
        with self._lock:
            stored = self._last_seen.get(presented.id)
        return None if stored is None else _authenticate(presented, stored)

    def _expiry(self, _key_id: str, stored: Stored, now: float) -> float:
        """Return when a cached key is looked up again: after ``cache_s``, or when it expires, if that is earlier."""
        cache_s = self._settings.cache_s
        return now + (cache_s if stored.expires_in_s is None else min(cache_s, stored.expires_in_s))

    def forget(self, key_id: str) -> None:
        """Remove a key from the cache, so that its next use queries the database."""
        with self._lock:
            self._cached.pop(key_id, None)
            self._last_seen.pop(key_id, None)


def _parse_header(authorization: str | None) -> Presented:
    if authorization is None:
        raise Unauthenticated("send a key: `Authorization: Bearer swk_…`", code="key_missing")
    scheme, _, token = authorization.partition(" ")
    presented = keys.parse(token.strip()) if scheme.lower() == "bearer" else None
    if presented is None:
        raise Unauthenticated(
            "the Authorization header does not contain a key of the form `Bearer swk_<id>_<secret>`",
            code="key_malformed",
        )
    return presented


def _authenticate(presented: Presented, stored: Stored | None) -> Caller:
    """Return the caller if the secret is right.

    The error says that the key was revoked or has expired only if the secret is right.
    """
    secret_matches = hmac.compare_digest(presented.secret_hash, _NO_HASH if stored is None else stored.secret_hash)
    if stored is None or not secret_matches:
        raise Unauthenticated("there is no such key", code="key_unknown")
    if stored.key.revoked_at is not None:
        raise Unauthenticated(f"the key {stored.key.id} was revoked", code="key_revoked")
    if stored.expires_in_s is not None and stored.expires_in_s <= 0:
        raise Unauthenticated(f"the key {stored.key.id} has expired", code="key_expired")
    return stored.key.caller
