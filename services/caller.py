"""The caller of a request: its scopes, and the feeds that it may see."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.errors import Forbidden


class Scope(StrEnum):
    """The permissions of a key. ``admin`` includes the other two, on every feed."""

    INGEST = "ingest"  # push, cancel and withdraw articles of its feeds
    READ = "read"  # see jobs and results of its feeds
    ADMIN = "admin"  # everything, including keys, feeds, retries and the audit log


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request. ``feeds`` is None for every feed. Contains no secret, so it may be logged."""

    key_id: str
    actor: str  # its name in the audit log
    scopes: frozenset[Scope]
    feeds: frozenset[str] | None

    def sees(self, feed: str) -> bool:
        """Return whether the caller may see a feed; otherwise its articles and jobs do not exist for the caller."""
        return self.feeds is None or feed in self.feeds

    def has(self, scope: Scope) -> bool:
        """Return whether the caller has a scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise `Forbidden` if the caller lacks a scope."""
        if not self.has(scope):
            raise Forbidden(f"the key lacks the scope {scope}", scope=scope)

    def home_feed(self) -> str | None:
        """Return the feed of a caller with exactly one, which is the default feed of its pushes; otherwise None."""
        return next(iter(self.feeds)) if self.feeds is not None and len(self.feeds) == 1 else None


_ALL: Final = frozenset(Scope)

# The caller of a request without a key while `access.required` is off.
UNRESTRICTED: Final = Caller("anybody", "anybody", _ALL, None)


def local() -> Caller:
    """Return the caller of a command, who has every scope: a user with a shell here and access to the database."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # containers have users without an entry in the user database
        name = str(os.getuid())
    return Caller("", f"shell:{name}", _ALL, None)
