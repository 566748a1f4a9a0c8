"""Who presents this key? Answers are kept for a few seconds, so that a push costs no query of its own for it."""

from __future__ import annotations

import hmac
import threading
import time
from collections import OrderedDict
from typing import Final

from services.access import keys
from services.access.keys import Presented, Stored
from services.caller import UNRESTRICTED, Caller
from services.database.engine import Database
from services.errors import Unauthenticated
from services.settings import Access

_KEPT: Final = 1_000  # keys in use at a time; the one that was not used for longest goes first
_NO_HASH: Final = "0" * 64


class KeyCache:
    """Authenticates the callers of one process. A revoked key works for ``access.cache_s`` seconds more, at most."""

    def __init__(self, database: Database, settings: Access) -> None:
        """Look keys up in ``database``."""
        self._database = database
        self._settings = settings
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Stored]] = OrderedDict()

    def recall(self, authorization: str | None) -> Caller | None:
        """The caller where no query is needed to tell; None where :meth:`identify` has to.

        Raises :class:`Unauthenticated`.
        """
        if authorization is None and not self._settings.required:
            return UNRESTRICTED
        presented = _presented(authorization)
        with self._lock:
            until, stored = self._known.get(presented.id, (0.0, None))
            if stored is None or time.monotonic() >= until:
                return None
            self._known.move_to_end(presented.id)
        return _checked(presented, stored)

    def identify(self, authorization: str | None) -> Caller:
        """The caller, asked of the database. Raises :class:`Unauthenticated` and StoreUnavailable."""
        presented = _presented(authorization)
        stored = keys.find(self._database, presented.id)
        caller = _checked(presented, stored)
        assert stored is not None  # noqa: S101 -- checked
        lasts = (
            self._settings.cache_s if stored.expires_in_s is None else min(self._settings.cache_s, stored.expires_in_s)
        )
        with self._lock:
            self._known[presented.id] = (time.monotonic() + lasts, stored)
            self._known.move_to_end(presented.id)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return caller

    def forget(self, key_id: str) -> None:
        """Ask the database at the next use of this key."""
        with self._lock:
            self._known.pop(key_id, None)


def _presented(authorization: str | None) -> Presented:
    if authorization is None:
        raise Unauthenticated("send a key: `Authorization: Bearer swk_…`", code="key_missing")
    scheme, _, token = authorization.partition(" ")
    presented = keys.parse(token.strip()) if scheme.lower() == "bearer" else None
    if presented is None:
        raise Unauthenticated(
            "Authorization: holds no key of the form `Bearer swk_<id>_<secret>`", code="key_malformed"
        )
    return presented


def _checked(presented: Presented, stored: Stored | None) -> Caller:
    """The caller, if the secret is right.

    Only who knows the secret learns whether the key was revoked or has expired.
    """
    right = hmac.compare_digest(presented.secret_hash, _NO_HASH if stored is None else stored.secret_hash)
    if stored is None or not right:
        raise Unauthenticated("there is no such key", code="key_unknown")
    if stored.key.revoked_at is not None:
        raise Unauthenticated(f"the key {stored.key.id} was revoked", code="key_revoked")
    if stored.expires_in_s is not None and stored.expires_in_s <= 0:
        raise Unauthenticated(f"the key {stored.key.id} has expired", code="key_expired")
    return stored.key.caller
