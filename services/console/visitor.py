"""Who looks at the console: a key's holder, by session or header, or anybody where no key is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import Request

from services.access import keys
from services.api.dependencies import ApiServices
from services.api.middleware.authentication import known_caller
from services.caller import ANYBODY, Caller, Scope


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks: what they may do, and the name of their key, empty where there is none."""

    caller: Caller
    name: str = ""
    known: bool = True

    @property
    def admin(self) -> bool:
        """Whether they may act."""
        return Scope.ADMIN in self.caller.scopes

    @property
    def pushes(self) -> bool:
        """Whether they may push texts."""
        return self.admin or Scope.INGEST in self.caller.scopes

    @property
    def feeds(self) -> frozenset[str] | None:
        """The feeds that exist for them, None for all."""
        return self.caller.feeds


NOBODY: Final = Visitor(Caller("", "nobody", frozenset(), frozenset()), known=False)


def visitor_of(request: Request, services: ApiServices, key_id: str) -> Visitor:
    """Who asks: by the key in the request's header, by none where none is needed, or by the session's key if it still works."""
    caller = known_caller(request)
    if caller is not None:
        return Visitor(caller)
    if not services.settings.access.required:
        return Visitor(ANYBODY)
    stored = keys.find(services.database, key_id) if key_id else None
    if stored is None or stored.key.revoked_at is not None:
        return NOBODY
    if stored.expires_in_s is not None and stored.expires_in_s <= 0:
        return NOBODY
    return Visitor(stored.key.caller, stored.key.name)
