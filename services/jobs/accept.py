"""Accept articles into the ledger: one transaction inserts each article with its job.

Once it has committed, the article is certain to get a final state. Cancellations, embargoes and corrections take
effect in the same transaction (`services.jobs.intake`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select, true

from services import tracing
from services.contracts import Article, JobState, PubStatus
from services.database.engine import Database, now_ms
from services.database.tables import articles, idempotency_keys, jobs
from services.errors import Contended, StancewireError
from services.jobs import precedence
from services.jobs.article_rows import Acceptance, KnownArticle, KnownRevisions, PushedArticle, identity_of
from services.jobs.intake import Intake, StoredMeanwhileError

__all__ = ["Acceptance", "IdempotencyKey", "KeyReused", "Push", "accept", "accept_together", "identity_of"]

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
class Push:
    """The articles of one request, its key, and the trace that it belongs to."""

    articles: Sequence[Article]
    key: IdempotencyKey | None = None
    traceparent: str | None = None


def accept(database: Database, batch: Sequence[Article], key: IdempotencyKey | None = None) -> list[Acceptance]:
    """Store articles in order; an article that is already stored is answered with its newest job.

    Either all articles are stored or none. Raises `KeyReused`, `Contended` and `StoreUnavailable`.
    """
    [answers] = accept_together(database, [Push(batch, key, tracing.traceparent())])
    if isinstance(answers, KeyReused):
        raise answers
    return answers


def accept_together(database: Database, pushes: Sequence[Push]) -> list[list[Acceptance] | KeyReused]:
    """Store the articles of several pushes, in order and in one transaction. Return what `accept` would for each.

    Either all articles are stored or none, but for those of a push with a reused key. Raises `Contended` and
    `StoreUnavailable`.
    """
    for attempt in range(_TRIES):
        with database.write() as connection:
            if attempt:
                database.serialize(connection)
            reused = [None if push.key is None else _reuse_of(connection, database, push.key) for push in pushes]
            valid = [push for push, error in zip(pushes, reused, strict=True) if error is None]
            batch = [PushedArticle.of(article, push.traceparent) for push in valid for article in push.articles]
            answers = _accept(connection, database, batch)
            if answers is not None:
                left = iter(answers)
                return [
                    [next(left) for _ in push.articles] if error is None else error
                    for push, error in zip(pushes, reused, strict=True)
                ]
            connection.rollback()  # another process stored the same identity meanwhile: look it up again
    raise Contended("the same article was pushed by several senders at once; push it again")


def _accept(connection: Connection, database: Database, batch: Sequence[PushedArticle]) -> list[Acceptance] | None:
    """Accept the articles, or return None if another process stored one of them meanwhile."""
    guids = {guid for pushed in batch if (guid := precedence.guid_of(pushed.article))}
    if guids:
        precedence.lock(connection, database, guids)
    now, stored = _look_up(connection, {pushed.identity for pushed in batch})
    latest = precedence.read_latest(connection, guids)
    intake = Intake(connection, database, now, stored, latest)
    try:
        return intake.finish([intake.accept(pushed) for pushed in batch])
    except StoredMeanwhileError:
        return None


def _look_up(connection: Connection, identities: Iterable[str]) -> tuple[int, dict[str, KnownRevisions]]:
    """Return the database's time (ms) and the stored revisions, in one round trip for each chunk of identities."""
    ordered = sorted(identities)
    stored: dict[str, KnownRevisions] = {}
    now = 0
    for start in range(0, len(ordered), _LOOKUP_CHUNK):
        # Of an article's analyses the newest comes last and stays.
        for row in connection.execute(_LOOK_UP, {"identities": ordered[start : start + _LOOKUP_CHUNK]}):
            now = row.now
            if row.identity is None:
                continue
            revisions = stored.setdefault(row.identity, KnownRevisions())
            revisions.highest = row.revision
            answer = Acceptance(row.job_id, row.id, JobState(row.state), row.revision, created=False)
            withdrawn = None if row.withdrawn_at is None else row.withdrawn_reason or "no reason was stored"
            revisions.by_content[row.content_hash] = KnownArticle(
                answer, PubStatus(row.pubstatus), row.published_at, row.embargoed, withdrawn
            )
    return now, stored


def _look_up_query() -> Select[Any]:
    """Select the database's time, with the analyses of the articles with these ``identities``, a parameter."""
    columns = (
        *("id", "identity", "content_hash", "revision", "pubstatus"),
        *("published_at", "embargoed", "withdrawn_at", "withdrawn_reason"),
    )
    stored = (
        select(*(articles.c[name] for name in columns))
        .add_columns(jobs.c.id.label("job_id"), jobs.c.state, jobs.c.analysis)
        .join(jobs, jobs.c.article_id == articles.c.id)
        .where(articles.c.identity.in_(bindparam("identities", expanding=True)))
        .subquery()
    )
    clock = select(now_ms().label("now")).cte("clock")
    # The clock has a row also if no article is stored.
    query = select(clock.c.now, stored).select_from(clock.outerjoin(stored, true()))
    return query.order_by(stored.c.revision, stored.c.analysis)


_LOOK_UP: Final = _look_up_query()  # built once: building it takes longer than executing it


def _reuse_of(connection: Connection, database: Database, key: IdempotencyKey) -> KeyReused | None:
    """Store a key, and return the error if it was used before with another body."""
    row = {"scope": key.scope, "key": key.key, "request_hash": key.request_hash, "created_at": now_ms()}
    connection.execute(database.insert(idempotency_keys).values(row).on_conflict_do_nothing())
    same_key = (idempotency_keys.c.scope == key.scope) & (idempotency_keys.c.key == key.key)
    stored = connection.execute(select(idempotency_keys.c.request_hash).where(same_key)).scalar_one()
    return (
        None
        if stored == key.request_hash
        else KeyReused(f"Idempotency-Key {key.key!r} was used before with another body")
    )
