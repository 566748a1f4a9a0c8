"""The visitor of a page: the holder of a key, or anybody if the service requires no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import Request

from services.access import sessions
from services.api.dependencies import ApiServices, authenticated_caller
from services.caller import UNRESTRICTED, Caller, Scope


@dataclass(frozen=True, slots=True)
class Visitor:
    """A caller with the name of the session's key; ``name`` is empty without a session."""

    caller: Caller
    name: str = ""
    is_authenticated: bool = True

    @property
    def is_admin(self) -> bool:
        """Whether the visitor may administer the service."""
        return Scope.ADMIN in self.caller.scopes

    @property
    def can_push(self) -> bool:
        """Whether the visitor may submit articles."""
        return self.caller.has(Scope.INGEST)

    @property
    def feeds(self) -> frozenset[str] | None:
        """The feeds that the visitor may see; None for every feed."""
        return self.caller.feeds


ANONYMOUS: Final = Visitor(Caller("", "nobody", frozenset(), frozenset()), is_authenticated=False)


def identify_visitor(request: Request, services: ApiServices, session_id: str) -> Visitor:
    """Return the visitor who sent a request with this session (empty: not logged in).

    A key in the ``Authorization`` header comes before the session. A session that has ended, or whose key was revoked
    or has expired, is anonymous. Raises `StoreUnavailable`.
    """
    caller = authenticated_caller(request)
    if caller is not None:
        return Visitor(caller)
    if not services.settings.access.required:
        return Visitor(UNRESTRICTED)
    key = sessions.find_key(services.database, session_id) if session_id else None
    return ANONYMOUS if key is None else Visitor(key.caller, key.name)
