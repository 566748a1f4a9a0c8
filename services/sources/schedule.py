"""When sources are due, and the outcome of each attempt.

Every attempt is claimed in the database before it begins: if its process dies, the next attempt is only delayed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, or_, select, update

from services.database.engine import Database, now_ms
from services.database.tables import ALL_FEEDS, pauses, sources
from services.settings import Sources
from services.sources.records import Source, SourceKind, SourceState
from services.sources.store import source_of

FAILING_AFTER: Final = 3  # failures in a row
_CLAIM_MS: Final = 60_000  # until an attempt whose process died is made again; extended while it runs
_CONFIRMATION_MS: Final = 600_000  # until a hub that has not confirmed is asked again
_MORE_S: Final = 60  # until the entries that an attempt left are read
_HELD_MAX_S: Final = 300  # until entries that intake refused for now are submitted again, unless it asks for longer
_LEASE_DEFAULT_S: Final = 864_000  # of a hub that grants no length
_LEASE_MIN_S: Final = 60
_JITTER: Final = 0.1
_ERROR_CHARS: Final = 500
_NOT_FETCHED: Final = (SourceState.PAUSED, SourceState.GONE)


@dataclass(frozen=True, slots=True)
class DueSource:
    """A source that is due, with its secret and what is stored of the last answer.

    ``etag`` and ``modified`` are its validators, ``seen`` the digests of its entries; ``seen`` is None before it.
    ``secret`` is as it is stored; ``claimed_until`` is the end of the claim in the database's time (ms).
    """

    source: Source
    secret: str | None
    etag: str | None
    modified: str | None
    seen: frozenset[str] | None
    claimed_until: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an attempt on a document.

    seen: the digests of its entries that need not be read again.
    accepted: the number of new articles.
    is_complete: whether no entry is left for the next attempt.
    held_s: the delay in seconds that intake asked for, if it refused entries for now.
    etag, modified: the validators of the document. They are stored only if no entry is left.
    """

    seen: list[str]
    accepted: int = 0
    is_complete: bool = True
    held_s: float | None = None
    etag: str | None = None
    modified: str | None = None


def claim_due(database: Database, without: Collection[str], most: int) -> list[DueSource]:
    """Claim up to ``most`` due sources other than ``without``. Those of paused feeds wait for the end of the pause."""
    paused = exists().where(or_(pauses.c.feed == sources.c.feed, pauses.c.feed == ALL_FEEDS))
    due = (sources.c.next_at <= now_ms()) & sources.c.state.not_in(_NOT_FETCHED) & ~paused
    query = select(sources).where(due, sources.c.id.not_in(list(without))).order_by(sources.c.next_at).limit(most)
    with database.read() as connection:
        rows = connection.execute(query).all()
    claimed = []
    for row in rows:
        ours = (sources.c.id == row.id) & (sources.c.next_at == row.next_at)
        claim = update(sources).where(ours).values(next_at=now_ms() + _CLAIM_MS).returning(sources.c.next_at)
        with database.write() as connection:
            claimed_until = connection.execute(claim).scalar()
        if claimed_until is not None:
            seen = None if row.seen is None else frozenset(json.loads(row.seen))
            claimed.append(DueSource(source_of(row), row.secret, row.etag, row.modified, seen, claimed_until))
    return claimed


def extend_claims(connection: Connection, claims: Mapping[str, int]) -> dict[str, int]:
    """Extend claims, given by source with their ends; return those with their new ends.

    A claim whose attempt has stored its outcome meanwhile is not one any longer, and is left out.
    """
    extended = {}
    for source_id, until in sorted(claims.items()):
        ours = (sources.c.id == source_id) & (sources.c.next_at == until)
        claim = update(sources).where(ours).values(next_at=now_ms() + _CLAIM_MS).returning(sources.c.next_at)
        claimed_until = connection.execute(claim).scalar()
        if claimed_until is not None:
            extended[source_id] = int(claimed_until)
    return extended


def save_progress(database: Database, source: Source, progress: Progress | None, settings: Sources) -> None:
    """Store the progress of a poll, None if the document has not changed. It is due again after its interval."""
    wait_s = _interval_s(source, settings) * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 -- not a secret
    if progress is not None and progress.held_s is not None:
        wait_s = max(progress.held_s, min(wait_s, _HELD_MAX_S))
    elif progress is not None and not progress.is_complete:
        wait_s = min(wait_s, _MORE_S)
    values: dict[str, Any] = {"checked_at": now_ms(), "failures": 0, "error": None, "state": SourceState.ACTIVE}
    values |= {"next_at": now_ms() + int(wait_s * 1000)} | _entry_values(progress)
    _update(database, source, values)


def save_entries(database: Database, source: Source, progress: Progress) -> None:
    """Store the progress on the document of a subscription. It does not change when the source is due."""
    _update(database, source, {"checked_at": now_ms()} | _entry_values(progress))


def save_failure(
    database: Database, source: Source, reason: str, settings: Sources, *, retry_s: float = 0, is_gone: bool = False
) -> None:
    """Store a failure. The source is due again after a delay that doubles, with jitter, and not before ``retry_s``."""
    failures = source.failures + 1
    first_s = _interval_s(source, settings) if source.kind is SourceKind.POLL else settings.every_min_s
    backoff_s = min(first_s * 2 ** min(failures, 20), settings.backoff_max_s)
    wait_s = max(backoff_s * random.uniform(0.5, 1), min(retry_s, settings.backoff_max_s))  # noqa: S311 -- as above
    state = SourceState.FAILING if failures >= FAILING_AFTER else source.state
    values = {
        "checked_at": now_ms(),
        "failures": failures,
        "error": reason[:_ERROR_CHARS],
        "state": SourceState.GONE if is_gone else state,
        "next_at": None if is_gone else now_ms() + int(wait_s * 1000),
    }
    _update(database, source, values)


def expect_confirmation(database: Database, source: Source, hub: str, topic: str) -> bool:
    """Store which hub is about to be asked for a subscription, since it may confirm before it has answered.

    Until the hub confirms, the attempt counts as a failure. Returns whether the subscription is still wanted.
    """
    failures = source.failures + 1
    values: dict[str, Any] = {
        "hub": hub,
        "topic": topic,
        "failures": failures,
        "error": "the hub has not confirmed the subscription yet",
        "next_at": now_ms() + _CONFIRMATION_MS,
    }
    if failures >= FAILING_AFTER:
        values["state"] = SourceState.FAILING
    return _update(database, source, values)


def confirm_subscription(database: Database, source: Source, lease_s: int | None) -> bool:
    """Store that a hub will push for ``lease_s`` seconds; the lease is renewed after three quarters of them."""
    granted_s = max(_LEASE_MIN_S, min(lease_s or _LEASE_DEFAULT_S, 10 * _LEASE_DEFAULT_S))
    values = {
        "state": SourceState.ACTIVE,
        "failures": 0,
        "error": None,
        "checked_at": now_ms(),
        "lease_until": now_ms() + granted_s * 1000,
        "next_at": now_ms() + granted_s * 750,
    }
    return _update(database, source, values)


def deny_subscription(database: Database, source: Source, reason: str, settings: Sources) -> bool:
    """Store that a hub refused or ended a subscription. It is asked again after the longest delay."""
    values = {
        "state": SourceState.DENIED,
        "error": f"the hub denied the subscription: {reason or 'it gave no reason'}"[:_ERROR_CHARS],
        "lease_until": None,
        "next_at": now_ms() + int(settings.backoff_max_s * 1000),
    }
    return _update(database, source, values)


def end_subscription(database: Database, source: Source) -> bool:
    """Remove a source whose subscription is to end. Returns whether it was."""
    ours = (sources.c.id == source.id) & (sources.c.state == SourceState.LEAVING)
    with database.write() as connection:
        return connection.execute(delete(sources).where(ours)).rowcount == 1


def expect_end(database: Database, source: Source) -> bool:
    """Count an attempt to end a subscription; return False after the last one, when the source has been removed.

    Later pushes of the hub are answered with 410, whereupon it ends the subscription itself.
    """
    if source.failures + 1 > FAILING_AFTER:
        end_subscription(database, source)
        return False
    ours = (sources.c.id == source.id) & (sources.c.state == SourceState.LEAVING)
    values = {"failures": source.failures + 1, "next_at": now_ms() + _CONFIRMATION_MS}
    with database.write() as connection:
        return connection.execute(update(sources).where(ours).values(values)).rowcount == 1


def _update(database: Database, source: Source, values: dict[str, Any]) -> bool:
    """Change a source unless an operator has paused or removed it meanwhile."""
    wanted = sources.c.state.not_in([SourceState.PAUSED, SourceState.LEAVING])
    with database.write() as connection:
        return connection.execute(update(sources).where(sources.c.id == source.id, wanted).values(values)).rowcount == 1


def _entry_values(progress: Progress | None) -> dict[str, Any]:
    if progress is None:
        return {}
    values: dict[str, Any] = {"seen": json.dumps(progress.seen)}
    complete = progress.is_complete and progress.held_s is None
    values |= {"etag": progress.etag if complete else None, "modified": progress.modified if complete else None}
    return values | ({"pushed_at": now_ms()} if progress.accepted else {})


def _interval_s(source: Source, settings: Sources) -> float:
    return source.every_s if source.every_s is not None and source.kind is SourceKind.POLL else settings.every_s
