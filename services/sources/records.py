"""Sources as records: their kinds, their states, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.caller import Caller, Scope


class SourceKind(StrEnum):
    """How articles come from a source."""

    POLL = "poll"  # an address with RSS, Atom, JSON Feed or a sitemap is fetched regularly
    WEBSUB = "websub"  # a hub pushes what is new at an address (W3C WebSub)
    SIGNED = "signed"  # a sender pushes with signatures of Standard Webhooks
    SUPERDESK = "superdesk"  # Superdesk pushes by HTTP Push

    @property
    def is_fetched(self) -> bool:
        """Whether the service itself sends requests for this kind."""
        return self in {SourceKind.POLL, SourceKind.WEBSUB}


class SourceState(StrEnum):
    """The states of a source."""

    WAITING = "waiting"  # for the first fetch, or for the hub to confirm
    ACTIVE = "active"
    FAILING = "failing"  # several failures in a row; it is still tried
    DENIED = "denied"  # by the hub; tried again after the longest delay
    GONE = "gone"  # the address answered 410; not tried again
    PAUSED = "paused"  # by an operator
    LEAVING = "leaving"  # to be removed once the hub has confirmed the end of the subscription


@dataclass(frozen=True, slots=True)
class Source:
    """A source of a feed, without its secret. Times are in UTC."""

    id: str
    feed: str
    kind: SourceKind
    url: str | None
    every_s: int | None
    pages: bool
    state: SourceState
    created_at: datetime
    created_by: str
    next_at: datetime | None
    checked_at: datetime | None
    pushed_at: datetime | None
    failures: int
    error: str | None
    hub: str | None
    topic: str | None
    lease_until: datetime | None
    callback: str | None

    @property
    def caller(self) -> Caller:
        """Return the caller that pushes what comes from this source: it may push to the source's feed alone."""
        return Caller(f"source:{self.id}", f"source:{self.id}", frozenset({Scope.INGEST}), frozenset({self.feed}))

    @property
    def push_path(self) -> str | None:
        """Return the path that a sender or a hub pushes to; None for an address that is polled."""
        match self.kind:
            case SourceKind.SIGNED:
                return f"/v1/push/{self.feed}"
            case SourceKind.SUPERDESK:
                return f"/v1/push/superdesk/{self.feed}"
            case SourceKind.WEBSUB:
                return f"/v1/push/websub/{self.callback}"
            case SourceKind.POLL:
                return None
