"""Pushes of one process that arrive together: on SQLite they share a transaction, and none notices."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, select

from services.contracts import Article
from services.database.engine import Database
from services.database.tables import articles
from services.errors import StoreFault, StoreUnavailable
from services.jobs import acceptor as acceptor_module
from services.jobs import queries
from services.jobs.accept import Acceptance, IdempotencyKey, KeyReused, Push, accept_together
from services.jobs.acceptor import Acceptor
from services.settings import Database as DatabaseSettings
from tests.support.ledger import article

Pushes = list[tuple[list[Article], IdempotencyKey | None]]


def push_behind_one_that_commits(database: Database, pushes: Pushes) -> tuple[list[Future[list[Acceptance]]], int]:
    """Make pushes while another one holds the turn; return their outcomes and the number of transactions they took."""
    acceptor = Acceptor(database)
    commits: list[None] = []
    event.listen(database.engine, "commit", lambda _connection: commits.append(None))
    with ThreadPoolExecutor(len(pushes)) as pool:
        with acceptor._turn:
            futures = []
            for batch, key in pushes:
                futures.append(pool.submit(acceptor.accept, batch, key))
                wait_until(lambda: len(acceptor._waiting) == len(futures))
        for future in futures:
            future.exception(30)
    return futures, len(commits)


def wait_until(condition: Callable[[], bool]) -> None:
    stop = threading.Event()
    for _ in range(1000):
        if condition():
            return
        stop.wait(0.005)
    raise AssertionError("not in time")


def stored_guids(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(articles.c.guid)).scalars())


def test_pushes_that_wait_together_are_stored_in_one_transaction(sqlite_database: Database) -> None:
    pushes: Pushes = [([article(guid=f"g{number}")], None) for number in range(4)]
    futures, commits = push_behind_one_that_commits(sqlite_database, pushes)
    assert commits == 1
    assert stored_guids(sqlite_database) == ["g0", "g1", "g2", "g3"]
    for future, (batch, _) in zip(futures, pushes, strict=True):
        [answer] = future.result()
        assert answer.created
        assert queries.job(sqlite_database, answer.job_id).guid == batch[0].guid


def test_group_holds_only_some_articles_so_that_other_writers_get_their_turn(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor_module, "_GROUP_ARTICLES", 3)
    pushes: Pushes = [([article(guid=f"{number}a"), article(guid=f"{number}b")], None) for number in range(3)]
    futures, commits = push_behind_one_that_commits(sqlite_database, pushes)
    assert commits == 3
    assert all(answer.created for future in futures for answer in future.result())


def test_same_article_in_two_pushes_of_a_group_is_stored_once(sqlite_database: Database) -> None:
    pushes: Pushes = [([article("Same.", guid="g")], None), ([article("Same.", guid="g")], None)]
    (first, second), _ = push_behind_one_that_commits(sqlite_database, pushes)
    assert [answer.created for answer in (*first.result(), *second.result())] == [True, False]
    assert first.result()[0].job_id == second.result()[0].job_id


def test_reused_key_refuses_its_push_and_no_other_of_the_group(sqlite_database: Database) -> None:
    pushes: Pushes = [
        ([article(guid="first")], IdempotencyKey("wire", "k", "a" * 64)),
        ([article(guid="refused")], IdempotencyKey("wire", "k", "b" * 64)),
        ([article(guid="last")], None),
    ]
    (first, refused, last), commits = push_behind_one_that_commits(sqlite_database, pushes)
    assert isinstance(refused.exception(), KeyReused)
    assert first.result()[0].created
    assert last.result()[0].created
    assert commits == 1
    assert stored_guids(sqlite_database) == ["first", "last"]


def test_defect_of_one_push_leaves_the_others_of_its_group_stored(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_for_one(database: Database, pushes: list[Push]) -> Any:
        if any(each.guid == "defect" for push in pushes for each in push.articles):
            raise ZeroDivisionError
        return accept_together(database, pushes)

    monkeypatch.setattr(acceptor_module, "accept_together", fail_for_one)
    pushes: Pushes = [([article(guid=guid)], None) for guid in ("a", "defect", "b")]
    (first, broken, last), _ = push_behind_one_that_commits(sqlite_database, pushes)
    assert isinstance(broken.exception(), ZeroDivisionError)
    assert first.result()[0].created
    assert last.result()[0].created
    assert stored_guids(sqlite_database) == ["a", "b"]


def test_all_pushes_of_a_group_are_refused_while_the_database_is_locked(
    sqlite_database: Database,
) -> None:
    impatient = Database(sqlite_database.url.render_as_string(), DatabaseSettings(busy_timeout_s=1))
    with sqlite_database.write():
        pushes: Pushes = [([article(guid=guid)], None) for guid in ("a", "b")]
        futures, _ = push_behind_one_that_commits(impatient, pushes)
        errors = [future.exception() for future in futures]
    impatient.dispose()
    assert [error.fault for error in errors if isinstance(error, StoreUnavailable)] == [StoreFault.LOCKED] * 2
    assert stored_guids(sqlite_database) == []


def test_push_that_no_thread_takes_in_time_is_refused_and_not_stored_later(sqlite_database: Database) -> None:
    database = Database(sqlite_database.url.render_as_string(), DatabaseSettings(busy_timeout_s=0.2))
    acceptor = Acceptor(database)
    with acceptor._turn, pytest.raises(StoreUnavailable, match="have not been stored within") as caught:
        acceptor.accept([article(guid="late")])
    assert caught.value.fault is StoreFault.LOCKED
    acceptor.accept([article(guid="next")])
    assert stored_guids(database) == ["next"]
    database.dispose()


def test_answer_to_a_new_article_has_its_job_as_the_database_has_it(database: Database) -> None:
    pushed = article("He said no.", guid="g", version="7", title="No", url="https://example.org/7")
    [answer] = Acceptor(database).accept([pushed])
    assert answer.job == queries.job(database, answer.job_id)


@pytest.mark.parametrize(
    "pushed",
    [
        {"evolvedfrom": "earlier"},
        {"pubstatus": "withheld", "guid": "g"},
        {"pubstatus": "canceled", "guid": "g", "body": ""},
    ],
    ids=["continues another story", "withheld", "canceled"],
)
def test_answer_to_an_article_that_is_not_simply_queued_has_no_job(database: Database, pushed: dict[str, Any]) -> None:
    [answer] = Acceptor(database).accept([Article(**({"feed": "wire", "body": "He said no."} | pushed))])
    assert answer.job is None
