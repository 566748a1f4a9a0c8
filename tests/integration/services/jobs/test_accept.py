from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from services.contracts import JobState
from services.database.counters import CounterName
from services.database.engine import Database
from services.database.tables import articles, idempotency_keys, jobs
from services.jobs import backlog, leases
from services.jobs.accept import Acceptance, IdempotencyKey, KeyReused, accept
from services.maintenance.retention import RetentionRunner
from services.settings import Retention
from tests.support.ledger import article, claim_all, push, result_of


def count(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        return (
            connection.execute(select(func.count()).select_from(articles)).scalar_one(),
            connection.execute(select(func.count()).select_from(jobs)).scalar_one(),
        )


def test_repeated_push_returns_the_same_job(database: Database) -> None:
    pushed = article(feed="wire", guid="a1", version="1")
    [first] = push(database, pushed)
    [repeated] = push(database, pushed)
    assert first.created
    assert not repeated.created
    assert (repeated.job_id, repeated.article_id) == (first.job_id, first.article_id)
    assert count(database) == (1, 1)


def test_repeated_push_returns_the_current_state_of_the_job(database: Database) -> None:
    push(database, article(guid="a1"))
    [claimed] = claim_all(database)
    leases.complete(database, claimed, result_of(claimed))
    [repeated] = push(database, article(guid="a1"))
    assert repeated.state is JobState.SUCCEEDED


def test_changed_content_without_a_version_is_a_new_version(database: Database) -> None:
    [first] = push(database, article("One.", guid="a1"))
    [second] = push(database, article("Two.", guid="a1"))
    assert first.article_id != second.article_id
    assert second.revision == 1
    assert not second.warnings


def test_changed_content_of_the_same_version_is_a_revision_with_a_warning(database: Database) -> None:
    [first] = push(database, article("One.", guid="a1", version="7"))
    [second] = push(database, article("Two.", guid="a1", version="7"))
    [third] = push(database, article("Three.", guid="a1", version="7"))
    assert [first.revision, second.revision, third.revision] == [1, 2, 3]
    assert [warning.code for warning in third.warnings] == ["content_changed"]
    assert len({first.job_id, second.job_id, third.job_id}) == 3
    [back] = push(database, article("Two.", guid="a1", version="7"))
    assert back.job_id == second.job_id


def test_articles_without_a_guid_are_identified_by_content_within_the_feed(database: Database) -> None:
    [first] = push(database, article("Same words.", feed="one"))
    [repeated] = push(database, article("Same words.", feed="one", url="https://example.org/elsewhere"))
    [other] = push(database, article("Same words.", feed="two"))
    assert first.job_id == repeated.job_id
    assert other.created


def test_repetition_within_a_batch_is_stored_once(database: Database) -> None:
    answers = push(database, article("One."), article("Two."), article("One."))
    assert [answer.created for answer in answers] == [True, True, False]
    assert answers[0].job_id == answers[2].job_id
    assert count(database) == (2, 2)


def test_parts_of_an_identity_are_separated(database: Database) -> None:
    """The parts ("ab", "c") and ("a", "bc") make different identities."""
    first, second = push(database, article(guid="ab", version="c"), article(guid="a", version="bc"))
    assert first.article_id != second.article_id


@pytest.mark.parametrize("content", ["same", "different"])
def test_concurrent_pushes_of_one_article_create_one_job_per_content(database: Database, content: str) -> None:
    senders = 8
    start = threading.Barrier(senders)

    def send(number: int) -> list[Acceptance]:
        start.wait()
        body = "Same." if content == "same" else f"Different {number}."
        return accept(database, [article(body, guid="a1", version="1"), article("Beside.", guid=f"b{number}")])

    with ThreadPoolExecutor(senders) as pool:
        answers = list(pool.map(send, range(senders)))
    ids = {answer[0].job_id for answer in answers}
    assert len(ids) == (1 if content == "same" else senders)
    assert sorted(answer[0].revision for answer in answers) == (
        [1] * senders if content == "same" else [*range(1, senders + 1)]
    )
    assert count(database) == (len(ids) + senders, len(ids) + senders)


def test_idempotency_key_with_another_body_is_rejected(database: Database) -> None:
    key = IdempotencyKey("wire", "k1", "hash of one")
    [first] = accept(database, [article("One.")], key)
    [repeated] = accept(database, [article("One.")], key)
    assert first.job_id == repeated.job_id
    with pytest.raises(KeyReused, match="k1"):
        accept(database, [article("Two.")], IdempotencyKey("wire", "k1", "hash of two"))
    assert count(database) == (1, 1), "a refused key stores nothing"
    [elsewhere] = accept(database, [article("Two.")], IdempotencyKey("other", "k1", "hash of two"))
    assert elsewhere.created


def test_expired_idempotency_key_can_be_reused(database: Database) -> None:
    accept(database, [article("One.")], IdempotencyKey("wire", "k1", "hash of one"))
    with database.write() as connection:
        connection.execute(update(idempotency_keys).values(created_at=0))
    assert RetentionRunner(database, Retention()).run(threading.Event())["keys"] == 1
    accept(database, [article("Two.")], IdempotencyKey("wire", "k1", "hash of two"))


def test_articles_are_counted_by_feed(database: Database) -> None:
    push(
        database,
        article("One.", feed="a"),
        article("Two.", feed="a"),
        article("One.", feed="b"),
        article("One.", feed="a"),
    )
    counters = backlog.snapshot(database).counters
    assert counters[CounterName.ACCEPTED, "a"] == 2
    assert counters[CounterName.ACCEPTED, "b"] == 1
    assert counters[CounterName.REPEATED, "a"] == 1


def test_large_batch_mixes_stored_and_new_articles(database: Database) -> None:
    first = push(database, *[article(f"Story {number}.", guid=str(number)) for number in range(0, 1200, 2)])
    second = push(database, *[article(f"Story {number}.", guid=str(number)) for number in range(1200)])
    assert [answer.created for answer in second] == [number % 2 == 1 for number in range(1200)]
    assert [answer.job_id for answer in second[::2]] == [answer.job_id for answer in first]
