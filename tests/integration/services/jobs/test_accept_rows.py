"""The rows that a push stores, column by column, and the answers it gives."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, Table, event, select

from services import tracing
from services.contracts import Article, JobState, MediaType
from services.database.counters import NO_LABEL, CounterName
from services.database.engine import Database, now_ms
from services.database.tables import articles, idempotency_keys, jobs
from services.errors import Contended
from services.jobs import accept as accept_module
from services.jobs import backlog
from services.jobs.accept import Acceptance, IdempotencyKey, KeyReused, accept, identity_of
from services.settings import Tracing
from tests.support.collector import collector
from tests.support.ledger import article, claim_all, push

PUBLISHED_MS = 1_795_464_902_123  # rounded down


def full_article(**fields: Any) -> Article:
    """Return an article with every field set, each to another value."""
    values: dict[str, Any] = {
        "feed": "wire",
        "guid": "2026-11-23/42",
        "version": "7",
        "url": "https://example.org/42",
        "title": "Mayor rejects tram plan",
        "byline": "By Ada Lund",
        "language": "en-GB",
        "published_at": "2026-11-23T21:15:02.1236+01:00",
        "versioncreated": "2026-11-23T21:15:02.1236+01:00",
        "evolvedfrom": "2026-11-22/7",
        "metadata": {"section": "Café\x00"},
        "media_type": MediaType.HTML,
        "body": "<p>Mayor Ida Berg said no.</p>",
    }
    return Article(**(values | fields))


def row_of(database: Database, table: Table, row_id: UUID) -> dict[str, Any]:
    with database.read() as connection:
        return dict(connection.execute(select(table).where(table.c.id == row_id)).mappings().one())


def database_time(database: Database) -> int:
    with database.read() as connection:
        time: int = connection.execute(select(now_ms())).scalar_one()
        return time


def test_article_row_holds_every_field_as_pushed(database: Database) -> None:
    pushed = full_article()
    before = database_time(database)
    [answer] = push(database, pushed)
    row = row_of(database, articles, answer.article_id)
    assert before <= row.pop("received_at") <= database_time(database)
    assert row == {
        "id": answer.article_id,
        "feed": "wire",
        "guid": "2026-11-23/42",
        "version": "7",
        "revision": 1,
        "identity": identity_of(pushed),
        "content_hash": pushed.content_hash(),
        "pubstatus": "usable",
        "embargoed": None,
        "versioncreated": PUBLISHED_MS,
        "evolvedfrom": "2026-11-22/7",
        "strand": 0,
        "story_id": None,
        "similarity": None,
        "withdrawn_at": None,
        "withdrawn_reason": None,
        "url": "https://example.org/42",
        "title": "Mayor rejects tram plan",
        "byline": "By Ada Lund",
        "language": pushed.language,
        "published_at": PUBLISHED_MS,
        "media_type": "text/html",
        "body": "<p>Mayor Ida Berg said no.</p>",
        "metadata": '{"section": "Caf\\u00e9\\u0000"}',
    }


def test_fields_left_out_are_null_and_the_version_is_the_content_hash(database: Database) -> None:
    pushed = article("Only a body.")
    [answer] = push(database, pushed)
    row = row_of(database, articles, answer.article_id)
    left_out = ("guid", "url", "title", "byline", "language", "published_at", "metadata", "withdrawn_at", "embargoed")
    assert [row[name] for name in left_out] == [None] * len(left_out)
    assert (row["feed"], row["media_type"], row["body"]) == ("default", "text/plain", "Only a body.")
    assert row["version"] == row["content_hash"] == pushed.content_hash()


def test_job_row_starts_queued_and_due_at_once(database: Database) -> None:
    [answer] = push(database, full_article())
    row = row_of(database, jobs, answer.job_id)
    received = row_of(database, articles, answer.article_id)["received_at"]
    assert row == {
        "id": answer.job_id,
        "article_id": answer.article_id,
        "analysis": 1,
        "feed": "wire",
        "priority": 0,
        "words": 5,
        "state": "queued",
        "attempts": 0,
        "message_id": None,
        "dispatched_at": None,
        "next_run_at": received,
        "lease_token": None,
        "lease_until": None,
        "created_at": received,
        "queued_at": received,
        "started_at": None,
        "finished_at": None,
        "reason_code": None,
        "reason_detail": None,
        "traceparent": None,
    }


def test_job_row_has_the_trace_of_its_push(sqlite_database: Database) -> None:
    with collector() as running:
        tracing.configure(Tracing(endpoint=running.url, ratio=1), "test")
        try:
            with tracing.request("POST", None):
                trace = tracing.traceparent()
                [answer] = push(sqlite_database, article())
        finally:
            tracing.shut_down()
    assert trace is not None
    assert row_of(sqlite_database, jobs, answer.job_id)["traceparent"] == trace


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({}, ("wire", "2026-11-23/42", "7")),
        ({"guid": None}, ("wire", "content:{hash}", "7")),
        ({"version": None}, ("wire", "2026-11-23/42", "content:{hash}")),
        ({"guid": None, "version": None}, ("wire", "content:{hash}", "content:{hash}")),
    ],
    ids=["named", "without guid", "without version", "without both"],
)
def test_identity_is_the_hash_of_feed_guid_and_version(fields: dict[str, Any], parts: tuple[str, ...]) -> None:
    pushed = full_article(**fields)
    text = "\x00".join(parts).replace("{hash}", pushed.content_hash())
    assert identity_of(pushed) == hashlib.sha256(text.encode()).hexdigest()


def test_repetition_in_one_batch_answers_like_the_first_but_not_created(database: Database) -> None:
    first, repeated = push(database, full_article(), full_article())
    assert first == Acceptance(first.job_id, first.article_id, JobState.QUEUED, 1, created=True)
    assert repeated == Acceptance(first.job_id, first.article_id, JobState.QUEUED, 1, created=False)


def test_repetition_of_a_stored_revision_answers_with_its_number_and_state(database: Database) -> None:
    push(database, full_article())
    [revised] = push(database, full_article(body="Revised."))
    claim_all(database)
    [repeated] = push(database, full_article(body="Revised."))
    assert repeated == Acceptance(revised.job_id, revised.article_id, JobState.RUNNING, 2, created=False)


def test_revisions_are_numbered_within_one_batch_and_across_batches(database: Database) -> None:
    push(database, full_article(body="One."))
    answers = push(
        database,
        full_article(body="Two."),
        full_article(body="One."),
        full_article(body="Three."),
        full_article(body="Other version.", version="8"),
        full_article(body="Other story.", guid="43"),
    )
    assert [(answer.revision, answer.created) for answer in answers] == [
        (2, True),
        (1, False),
        (3, True),
        (1, True),
        (1, True),
    ]
    codes = [[warning.code for warning in answer.warnings] for answer in answers]
    assert codes == [["content_changed"], [], ["content_changed"], [], []]
    assert row_of(database, articles, answers[2].article_id)["revision"] == 3


def test_warning_about_changed_content_names_version_guid_and_revision(database: Database) -> None:
    push(database, full_article(body="One."))
    [answer] = push(database, full_article(body="Two."))
    [warning] = answer.warnings
    assert all(part in warning.detail for part in ("'7'", "'2026-11-23/42'", "revision 2"))


def test_feeds_are_ranked_by_their_first_push_only(database: Database) -> None:
    push(database, article("One.", feed="beta"), article("One.", feed="alpha"))
    counters = backlog.snapshot(database).counters
    ranks = {feed: counters[CounterName.FEED_RANK, feed] for feed in ("alpha", "beta")}
    assert sorted(ranks.values()) == [1, 2]
    push(database, article("Two.", feed="alpha"), article("One.", feed="beta"), article("One.", feed="gamma"))
    counters = backlog.snapshot(database).counters
    assert {feed: counters[CounterName.FEED_RANK, feed] for feed in ("alpha", "beta")} == ranks
    assert counters[CounterName.FEED_RANK, "gamma"] == 3
    assert counters[CounterName.FEEDS, NO_LABEL] == 3


def test_idempotency_key_is_stored_once_and_a_conflict_has_its_code(database: Database) -> None:
    key = IdempotencyKey("wire", "k1", "a" * 64)
    before = database_time(database)
    accept(database, [article()], key)
    accept(database, [article()], key)
    with pytest.raises(KeyReused) as conflict:
        accept(database, [article("Other.")], IdempotencyKey("wire", "k1", "b" * 64))
    assert conflict.value.code == "idempotency_key_reused"
    accept(database, [article()], IdempotencyKey("wire", "k2", "b" * 64))
    with database.read() as connection:
        rows = connection.execute(select(idempotency_keys).order_by(idempotency_keys.c.key)).all()
    assert [row[:3] for row in rows] == [("wire", "k1", "a" * 64), ("wire", "k2", "b" * 64)]
    assert all(before <= row.created_at <= database_time(database) for row in rows)


def test_push_that_always_collides_gives_up_after_five_tries(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Connection] = []
    serialized: list[Connection] = []
    monkeypatch.setattr(accept_module, "_accept", lambda connection, *_: tries.append(connection))
    monkeypatch.setattr(Database, "serialize", lambda _, connection: serialized.append(connection))
    with pytest.raises(Contended, match="push it again") as contended:
        accept(sqlite_database, [article()])
    assert (contended.value.code, contended.value.status, contended.value.retry_after) == ("contended", 503, 1)
    assert len(tries) == 5
    assert serialized == tries[1:], "every try after the first runs alone, in its own transaction"


def test_a_large_batch_is_looked_up_in_chunks_of_500(sqlite_database: Database) -> None:
    lookups: list[int] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM articles JOIN jobs" in statement.replace("\n", "").replace("  ", " "):
            lookups.append(len(parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        push(sqlite_database, *[article(f"Story {number}.") for number in range(1001)])
    finally:
        event.remove(Engine, "before_cursor_execute", record)
    assert lookups == [500, 500, 1]
