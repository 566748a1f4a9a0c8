"""Create and revoke API keys."""

from __future__ import annotations

from collections.abc import Collection

from services.access import keys
from services.access.keys import Key
from services.caller import Caller, Scope
from services.errors import InvalidInput
from services.use_cases.context import UseCaseContext


def create(
    context: UseCaseContext,
    *,
    name: str,
    scopes: Collection[Scope],
    feeds: Collection[str] | None,
    caller: Caller,
    expires_s: int | None = None,
) -> tuple[Key, str]:
    """Create a key and register its feeds. Return the key and its token, which is not stored.

    ``feeds`` is None for every feed; ``expires_s`` is None for a key that does not expire. Raises `InvalidInput` for
    scopes or feeds that a key cannot have.
    """
    try:
        return keys.create(context.database, name=name, scopes=scopes, feeds=feeds, by=caller, expires_s=expires_s)
    except ValueError as error:
        field, _, reason = str(error).partition(": ")
        raise InvalidInput(field, reason) from error


def revoke(context: UseCaseContext, key_id: str, caller: Caller, *, keep_an_admin: bool = True) -> Key:
    """Revoke a key: at once in this process, within ``access.cache_s`` seconds in others. Repeating it is not an error.

    Raises `NotFound`, and `Conflict` for the last working admin key while ``keep_an_admin`` is set.
    """
    key = keys.revoke(context.database, key_id, caller, keep_an_admin=keep_an_admin)
    context.forget_key(key_id)
    return key
