"""The caller of a request: which scopes it has, which feeds it may see."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.errors import Forbidden, NotFound


class Scope(StrEnum):
    """What a key may do. ``admin`` holds the other two, on every feed."""

    INGEST = "ingest"  # push, cancel and withdraw articles of its feeds
    READ = "read"  # see jobs and results of its feeds
    ADMIN = "admin"  # all of it, and keys, feeds, retries and the audit log


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``feeds`` is None for a caller that may see all. Holds no secret: it may be logged."""

    key_id: str
    actor: str  # as the audit log names it
    scopes: frozenset[Scope]
    feeds: frozenset[str] | None

    def sees(self, feed: str) -> bool:
        """Whether things of this feed exist for the caller."""
        return self.feeds is None or feed in self.feeds

    def has(self, scope: Scope) -> bool:
        """Whether the caller has this scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise :class:`Forbidden` where the scope is lacking."""
        if not self.has(scope):
            raise Forbidden(f"the key lacks the scope {scope}", scope=scope)

    def look_at(self, feed: str, missing: str) -> None:
        """Raise :class:`NotFound` (``missing``) for a thing of a feed that the caller may not see: as if it were not there."""
        if not self.sees(feed):
            raise NotFound(missing)

    def home_feed(self) -> str | None:
        """The feed of a caller that has just one: what it pushes belongs there where it does not say."""
        return next(iter(self.feeds)) if self.feeds is not None and len(self.feeds) == 1 else None


_ALL: Final = frozenset(Scope)

ANYBODY: Final = Caller("anybody", "anybody", _ALL, None)  # where `access.required` is off and no key was sent


def local() -> Caller:
    """Somebody with a shell on this machine and the database's address: no key could hold them back."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a user without an entry, as containers have them
        name = str(os.getuid())
    return Caller("", f"shell:{name}", _ALL, None)
