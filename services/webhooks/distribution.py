"""From events to deliveries: one row for each webhook that an event concerns, and for each match of a watch.

Events are read and matched before the transaction that writes, which is therefore short. It locks the events that no
other deliverer has processed meanwhile, leaves out articles that were withdrawn meanwhile, stores the deliveries, and
deletes the events. So each event becomes deliveries exactly once, even if the process is killed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, delete, select, update

from services.caller import Caller
from services.contracts.event import EventType, JobEndedData, ResultReadyData, ResultWithdrawnData, WatchReference
from services.database.counters import CounterName, increment
from services.database.engine import Database, now_ms
from services.database.tables import articles, deliveries, events, results, watches, webhooks
from services.results import search
from services.results.filters import search_query
from services.settings import Settings
from services.webhooks import matches
from services.webhooks.deliveries import new_row
from services.webhooks.records import Watch, Webhook, watch_of, webhook_of
from services.webhooks.store import owner_is_valid
from services.webhooks.watches import WatchFilters

log = structlog.get_logger(__name__)

_BATCH: Final = 100
_WITHDRAWN: Final = EventType.RESULT_WITHDRAWN
_MATCHES_MAX: Final = 10_000  # rows read for one watch and one batch of events

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events with what they are about: articles and results by the IDs of article and job, receivers by their ID."""

    events: Sequence[Any]
    articles: Mapping[UUID, Any]
    results: Mapping[UUID, Any]
    receivers: Mapping[UUID, Webhook]
    watches: Sequence[Watch]


def distribute(database: Database, settings: Settings) -> int:
    """Turn the next events into deliveries and return how many were read."""
    batch = _read(database)
    if not batch.events:
        return 0
    rows = [row for event in batch.events for row in _event_deliveries(batch, event, settings)]
    rows += _watch_deliveries(database, batch, settings)
    with database.write() as connection:
        _store(connection, database, batch, rows)
    return len(batch.events)


def _read(database: Database) -> _Batch:
    with database.read() as connection:
        rows = connection.execute(select(events, now_ms().label("now")).order_by(events.c.id).limit(_BATCH)).all()
        if not rows:
            return _Batch((), {}, {}, {}, ())
        article_ids = {row.article_id for row in rows}
        job_ids = [row.job_id for row in rows if row.type == EventType.RESULT_READY]
        columns = [articles.c[name] for name in ("id", "feed", "guid", "title", "url", "published_at")]
        article_rows = connection.execute(select(*columns).where(articles.c.id.in_(article_ids))).all()
        sizes = select(results.c.job_id, results.c.sequence, results.c.attributions, results.c.stances)
        stored = connection.execute(sizes.where(results.c.job_id.in_(job_ids))).all()
        receivers = connection.execute(select(webhooks).where(webhooks.c.disabled_at.is_(None), owner_is_valid())).all()
        active = connection.execute(select(watches).where(watches.c.paused_at.is_(None)).order_by(watches.c.id)).all()
    return _Batch(
        rows,
        {row.id: row for row in article_rows},
        {row.job_id: row for row in stored},
        {row.id: webhook_of(row) for row in receivers},
        [watch_of(row) for row in active],
    )


def _event_deliveries(batch: _Batch, event: Any, settings: Settings) -> Iterator[Row]:
    """Yield a delivery for each webhook that chose this type of event and sees the feed."""
    kind = EventType(event.type)
    chosen_by = [each for each in batch.receivers.values() if kind in each.events and each.sees(event.feed)]
    data = _event_data(batch, event, settings) if chosen_by else None
    if data is None:
        return
    about = {"article_id": event.article_id, "job_id": event.job_id}
    retry_s = settings.webhooks.retry_s
    for webhook in chosen_by:
        yield new_row(webhook.id, kind, data, now=event.now, at=event.at, retry_s=retry_s, **about)


def _event_data(batch: _Batch, event: Any, settings: Settings) -> Any:
    """Return the data of an event, or None if its article or result does not exist any more."""
    detail = json.loads(event.detail)
    if event.type == _WITHDRAWN:
        return ResultWithdrawnData(article_id=event.article_id, feed=event.feed, **detail)
    article = batch.articles.get(event.article_id)
    if article is None:
        return None
    shared = matches.article_fields(article, event.job_id, settings.api.public_url, has_result=not detail)
    if event.type != EventType.RESULT_READY:
        return JobEndedData(**shared, **detail)
    stored = batch.results.get(event.job_id)
    if stored is None:
        return None
    return ResultReadyData(**shared, attributions=stored.attributions, stances=stored.stances)


def _watch_deliveries(database: Database, batch: _Batch, settings: Settings) -> Iterator[Row]:
    """Yield a delivery for each item that a watch matches in the results of a batch."""
    at_by_job = {event.job_id: (event.at, event.now) for event in batch.events if event.job_id in batch.results}
    sequences = [batch.results[job_id].sequence for job_id in at_by_job]
    if not sequences:
        return
    for watch in batch.watches:
        webhook = batch.receivers.get(watch.webhook_id)
        if webhook is None:
            continue
        try:
            query = search_query(
                WatchFilters.model_validate(watch.filters),
                Caller(webhook.key_id, webhook.created_by, frozenset(), webhook.feeds),
            )
            rows = search.find_in_results(database, watch.kind, query, sequences, _MATCHES_MAX)
        except ValueError as error:  # filters that an older version accepted
            log.warning("watch_unreadable", watch=str(watch.id), reason=str(error))
            continue
        yield from _match_deliveries(watch, rows, at_by_job, settings)


def _match_deliveries(
    watch: Watch, rows: Sequence[Any], at_by_job: Mapping[UUID, tuple[int, int]], settings: Settings
) -> Iterator[Row]:
    limit = settings.watches.matches_per_result
    fingerprints = {row.id: matches.fingerprint(watch.kind, row) for row in rows}
    first_of = {fingerprint: row_id for row_id, fingerprint in reversed(fingerprints.items())}
    rows = [row for row in rows if first_of[fingerprints[row.id]] == row.id]
    per_job = Counter(row.job_id for row in rows)
    sent: Counter[UUID] = Counter()
    for row in rows:
        sent[row.job_id] += 1
        if sent[row.job_id] > limit:
            continue
        reference = WatchReference(id=watch.id, name=watch.name)
        more = per_job[row.job_id] > limit
        data = matches.match_data(watch.kind, reference, row, settings.api.public_url, more=more)
        at, now = at_by_job[row.job_id]
        yield new_row(
            watch.webhook_id,
            EventType.WATCH_MATCHED,
            data,
            now=now,
            at=at,
            retry_s=settings.webhooks.retry_s,
            watch_id=watch.id,
            fingerprint=fingerprints[row.id],
            article_id=row.article_id,
            job_id=row.job_id,
        )


def _store(connection: Connection, database: Database, batch: _Batch, rows: Sequence[Row]) -> None:
    """Store the deliveries of the events that still exist, and delete these. Locks articles first, as all do."""
    visible = select(articles.c.id).where(articles.c.id.in_(batch.articles), articles.c.withdrawn_at.is_(None))
    visible_ids = set(connection.execute(visible.order_by(articles.c.id).with_for_update(read=True)).scalars())
    own = select(events.c.id, events.c.type, events.c.article_id, events.c.job_id)
    own = own.where(events.c.id.in_([event.id for event in batch.events]))
    taken = connection.execute(database.skip_locked(own)).all()
    of_events = {(event.type, event.article_id, event.job_id) for event in taken}
    kept = []
    for row in rows:
        kind = EventType.RESULT_READY if row["type"] == EventType.WATCH_MATCHED else row["type"]
        is_ours = (kind, row["article_id"], row["job_id"]) in of_events
        if is_ours and (kind == _WITHDRAWN or row["article_id"] in visible_ids):
            kept.append(row)
    existing = set(connection.execute(select(webhooks.c.id).where(webhooks.c.disabled_at.is_(None))).scalars())
    added: Counter[UUID] = Counter()
    statement = database.insert(deliveries)
    statement = statement.on_conflict_do_nothing(index_elements=[deliveries.c.watch_id, deliveries.c.fingerprint])
    queued: Counter[str] = Counter()
    for row in kept:
        if row["webhook_id"] in existing and connection.execute(statement.values(row)).rowcount:
            queued[row["type"]] += 1
            if row["watch_id"] is not None:
                added[row["watch_id"]] += 1
    for watch_id, number in sorted(added.items()):
        counted = {"matches": watches.c.matches + number, "matched_at": now_ms()}
        connection.execute(update(watches).where(watches.c.id == watch_id).values(counted))
    connection.execute(delete(events).where(events.c.id.in_([event.id for event in taken])))
    increment(connection, database, {(CounterName.DELIVERIES_QUEUED, kind): n for kind, n in queued.items()})
