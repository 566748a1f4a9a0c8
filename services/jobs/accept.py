"""Accept articles into the ledger: one transaction inserts each article with its job.

Once it has committed, the article is certain to get a final state.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, insert, select, true
from uuid_utils.compat import uuid7

from services.contracts import Article, JobState, Warned, ledger_time
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database, now_ms
from services.database.tables import articles, idempotency_keys, jobs
from services.errors import Contended, StancewireError

_LOOKUP_CHUNK = 500  # SQLite's older limit is 999 parameters a statement
_TRIES = 5


class KeyReused(StancewireError):
    """An ``Idempotency-Key`` was reused with another body."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's idempotency key for a request, and the SHA-256 of the body sent with it."""

    scope: str
    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The answer to one article. ``created`` is false if the article was already stored."""

    job_id: UUID
    article_id: UUID
    state: JobState
    revision: int
    created: bool
    warnings: tuple[Warned, ...] = ()


@dataclass(slots=True)
class _StoredRevisions:
    """The stored revisions of one identity: acceptances by content hash, and the highest revision number."""

    by_content: dict[str, Acceptance] = field(default_factory=dict)
    highest: int = 0


def identity_of(article: Article) -> str:
    """Return the SHA-256 (hex) over feed, guid or content hash, and version or content hash.

    Articles with the same value are the same article.
    """
    content = article.content_hash()
    parts = (article.feed, article.guid or f"content:{content}", article.version or f"content:{content}")
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def accept(database: Database, batch: Sequence[Article], key: IdempotencyKey | None = None) -> list[Acceptance]:
    """Store articles in order; an article that is already stored is answered with its newest job.

    Either all articles are stored or none. Raises `KeyReused`, `Contended` and `StoreUnavailable`.
    """
    for attempt in range(_TRIES):
        with database.write() as connection:
            if attempt:
                database.serialize(connection)
            if key is not None:
                _check_key(connection, database, key)
            answers = _accept(connection, database, batch)
            if answers is not None:
                return answers
            connection.rollback()  # another process stored the same identity meanwhile: look it up again
    raise Contended("the same article was pushed by several senders at once; push it again")


def _accept(connection: Connection, database: Database, batch: Sequence[Article]) -> list[Acceptance] | None:
    identities = [identity_of(article) for article in batch]
    now, stored = _look_up(connection, set(identities))
    new_articles, new_jobs, answers = [], [], []
    counts: Counter[tuple[CounterName, str]] = Counter()
    for article, identity in zip(batch, identities, strict=True):
        content = article.content_hash()
        revisions = stored.setdefault(identity, _StoredRevisions())
        answer = revisions.by_content.get(content)
        if answer is None:
            revisions.highest += 1
            answer = _new_acceptance(article, revisions.highest)
            new_articles.append(_article_row(article, answer, identity, content, now))
            new_jobs.append(_job_row(article, answer, now))
            # A later copy of the article in this batch is a repetition.
            revisions.by_content[content] = Acceptance(
                answer.job_id, answer.article_id, answer.state, answer.revision, created=False
            )
        counts[CounterName.ACCEPTED if answer.created else CounterName.REPEATED, article.feed] += 1
        answers.append(answer)
    if new_articles:
        statement = database.insert(articles).on_conflict_do_nothing()
        if database.dialect == "postgresql":
            inserted = connection.execute(statement.returning(articles.c.id), new_articles).all()
            if len(inserted) != len(new_articles):
                return None
        else:  # SQLite's write lock keeps out other writers
            connection.execute(insert(articles), new_articles)
        connection.execute(insert(jobs), new_jobs)
    totals = increment(connection, database, counts)
    new_feeds = [
        feed
        for (name, feed), value in totals.items()
        if name is CounterName.ACCEPTED and value == counts[CounterName.ACCEPTED, feed]
    ]
    _rank_new_feeds(connection, database, new_feeds)
    return answers


def _rank_new_feeds(connection: Connection, database: Database, feeds: Sequence[str]) -> None:
    """Number the feeds that push for the first time. Metrics name the first feeds, so a number never changes."""
    if feeds:
        last = int(
            increment(connection, database, {(CounterName.FEEDS, NO_LABEL): len(feeds)})[CounterName.FEEDS, NO_LABEL]
        )
        ranks = {(CounterName.FEED_RANK, feed): last - index for index, feed in enumerate(sorted(feeds))}
        increment(connection, database, ranks)


def _look_up(connection: Connection, identities: Iterable[str]) -> tuple[int, dict[str, _StoredRevisions]]:
    """Return the database's time (ms) and the stored revisions, in one round trip for each chunk of identities."""
    ordered = sorted(identities)
    stored: dict[str, _StoredRevisions] = {}
    clock = select(now_ms().label("now")).cte("clock")
    now = 0
    for start in range(0, len(ordered), _LOOKUP_CHUNK):
        chunk = (
            select(
                articles.c.identity,
                articles.c.content_hash,
                articles.c.id,
                articles.c.revision,
                jobs.c.id.label("job_id"),
                jobs.c.state,
                jobs.c.analysis,
            )
            .join(jobs, jobs.c.article_id == articles.c.id)
            .where(articles.c.identity.in_(ordered[start : start + _LOOKUP_CHUNK]))
            .subquery()
        )
        # The clock has a row also if no article is stored.
        query = select(clock.c.now, chunk).select_from(clock.outerjoin(chunk, true()))
        # Of an article's analyses the newest comes last and stays.
        for row in connection.execute(query.order_by(chunk.c.revision, chunk.c.analysis)):
            now = row.now
            if row.identity is None:
                continue
            revisions = stored.setdefault(row.identity, _StoredRevisions())
            revisions.highest = row.revision
            revisions.by_content[row.content_hash] = Acceptance(
                row.job_id, row.id, JobState(row.state), row.revision, created=False
            )
    return now, stored


def _new_acceptance(article: Article, revision: int) -> Acceptance:
    warnings: tuple[Warned, ...] = ()
    if revision > 1:
        name = f"version {article.version!r} of guid {article.guid!r}"
        detail = f"{name} was pushed before with other content; accepted as revision {revision}"
        warnings = (Warned(code="content_changed", detail=detail),)
    return Acceptance(uuid7(), uuid7(), JobState.QUEUED, revision, created=True, warnings=warnings)


def _article_row(article: Article, answer: Acceptance, identity: str, content: str, now: int) -> dict[str, object]:
    published = article.published_at
    return {
        "id": answer.article_id,
        "feed": article.feed,
        "guid": article.guid,
        "version": article.version or content,
        "revision": answer.revision,
        "identity": identity,
        "content_hash": content,
        "url": article.url,
        "title": article.title,
        "byline": article.byline,
        "language": article.language,
        "published_at": ledger_time(published) if published else None,
        "media_type": article.media_type,
        # ASCII, since the metadata may contain characters that a database cannot store.
        "metadata": None if article.metadata is None else json.dumps(article.metadata),
        "body": article.body,
        "received_at": now,
    }


def _job_row(article: Article, answer: Acceptance, now: int) -> dict[str, object]:
    return {
        "id": answer.job_id,
        "article_id": answer.article_id,
        "analysis": 1,
        "feed": article.feed,
        "words": article.word_count(),
        "state": JobState.QUEUED,
        "next_run_at": now,
        "created_at": now,
        "queued_at": now,
    }


def _check_key(connection: Connection, database: Database, key: IdempotencyKey) -> None:
    row = {"scope": key.scope, "key": key.key, "request_hash": key.request_hash, "created_at": now_ms()}
    connection.execute(database.insert(idempotency_keys).values(row).on_conflict_do_nothing())
    same_key = (idempotency_keys.c.scope == key.scope) & (idempotency_keys.c.key == key.key)
    stored = connection.execute(select(idempotency_keys.c.request_hash).where(same_key)).scalar_one()
    if stored != key.request_hash:
        raise KeyReused(f"Idempotency-Key {key.key!r} was used before with another body")
