"""The clients against a real API, with and without an event loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import anyio
import pytest

from services.client import (
    AsyncClient,
    Client,
    Conflict,
    Gone,
    InvalidRequest,
    JobFailed,
    ResultItem,
    RetryPolicy,
    Tombstone,
    Unauthenticated,
    WaitTimedOut,
)
from services.database.engine import Database
from tests.support.api import Api, complete_job, fail_job
from tests.support.speech import Statement, store_result

RSS = b"""<rss version="2.0"><channel><title>Wire</title>
<item><guid>rss-1</guid><description>Senator Ada Holt said no.</description></item>
<item><guid>rss-2</guid><title>No text</title></item></channel></rss>"""


@pytest.fixture
def client(sqlite_api: Api) -> Iterator[Client]:
    with Client(f"http://127.0.0.1:{sqlite_api.port}", sqlite_api.key, retries=RetryPolicy(attempts=1)) as connected:
        yield connected


def test_article_is_pushed_waited_for_fetched_and_withdrawn(client: Client, sqlite_database: Database) -> None:
    job = client.push({"body": "The mayor said no.", "guid": "1", "published_at": datetime(2026, 11, 23, tzinfo=UTC)})
    assert client.push({"body": "The mayor said no.", "guid": "1"}).id == job.id
    with pytest.raises(Conflict, match="not_done"):
        client.result(job)
    with pytest.raises(WaitTimedOut, match="still queued"):
        client.wait(job, timeout_s=0.2)
    worker = threading.Timer(0.1, complete_job, (sqlite_database, job.id))
    worker.start()
    assert client.result(job, timeout_s=10).text == "The mayor said no."
    worker.join()
    [article] = client.articles("1")
    assert client.article(article.id, body=True).body == "The mayor said no."
    results = client.results()
    assert [type(item) for item in results] == [ResultItem]
    client.withdraw(article.id)
    [tombstone] = client.results(after=results.cursor)
    assert isinstance(tombstone, Tombstone)
    assert (tombstone.kind, tombstone.article_id) == ("withdrawn", article.id)
    with pytest.raises(Gone):
        client.result(job)


def test_failed_job_is_an_error_with_the_reason(client: Client, sqlite_database: Database) -> None:
    job = client.push({"body": "Non, dit-il."})
    fail_job(sqlite_database, job.id)
    with pytest.raises(JobFailed, match="it is in French"):
        client.analyse({"body": "Non, dit-il."}, timeout_s=5)
    assert [each.id for each in client.jobs(state="failed")] == [job.id]


def test_batch_and_document_have_an_outcome_for_each_article(client: Client) -> None:
    batch = client.push_batch([{"body": f"Story {number}."} for number in range(5)] + [{"body": ""}], size=2)
    assert [item.status for item in batch.items] == [202] * 5 + [422]
    assert [item.line for item in batch.items] == [1, 2, 3, 4, 5, 6]
    repeated = client.push_batch([{"body": f"Story {number}."} for number in range(5)])
    assert (repeated.errors, repeated.job_ids) == (False, batch.job_ids)
    first, second = client.push_document(RSS, feed="wire").items
    assert (first.status, second.problem and second.problem.status) == (202, 422)
    assert client.job(first.job_id or "").metadata.feed == "wire"
    [plain] = client.push_document(b"She said no.", "text/plain").items
    assert plain.accepted


def test_results_are_followed_page_by_page_from_a_stored_cursor(
    client: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.client.pages._PAGE_ITEMS", 2)
    stored = [client.push({"body": f"Story {number}.", "guid": str(number)}).id for number in range(5)]
    for job_id in stored:
        complete_job(sqlite_database, job_id)
    results = client.results(embed=True, limit=3)
    assert [(item.guid, getattr(item, "result").text) for item in results] == [  # noqa: B009 -- tombstones have none
        (str(number), f"Story {number}.") for number in range(3)
    ]
    rest = client.results(after=results.cursor)
    assert [item.guid for item in rest] == ["3", "4"]
    assert list(client.results(after=rest.cursor)) == []
    pages = client.results().pages()
    first = next(pages)
    assert [item.guid for item in first.items] == ["0", "1"]
    assert [item.guid for item in client.results(after=first.cursor, limit=1)] == ["2"]


def test_follower_waits_for_results_to_come_and_continues_after_its_cursor(
    client: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.client.pages._POLL_S", 0.05)
    first, second = [client.push({"body": f"Story {number}.", "guid": str(number)}).id for number in range(2)]
    complete_job(sqlite_database, first)
    results = client.follow()
    items = iter(results)
    assert next(items).guid == "0"
    worker = threading.Timer(0.2, complete_job, (sqlite_database, second))
    worker.start()
    assert next(items).guid == "1"
    worker.join()
    assert [item.guid for item in client.results(after=results.cursor)][-1:] == ["1"], "it is not finished yet"


def store_stances(database: Database) -> None:
    for number, day in enumerate((20, 21, 22)):
        store_result(
            database,
            Statement("Ana Ruiz", f"the plan {number} is bad", target="Tarva Bank"),
            guid=str(number),
            published_at=f"2026-11-{day}T10:00:00Z",
        )


def test_searches_are_iterators_with_filters_and_data_frames(
    client: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.client.pages._PAGE_ITEMS", 2)
    store_stances(sqlite_database)
    assert [item.guid for item in client.stances(target="Tarva Bank", stance="oppose")] == ["2", "1", "0"]
    assert [item.guid for item in client.stances(since=date(2026, 11, 21), until="2026-11-22")] == ["1"]
    assert [item.speaker for item in client.attributions(speaker="Ruiz", limit=1)] == ["Ana Ruiz"]
    frame = client.stances(holder="Ruiz").to_pandas()
    assert list(frame["target"]) == ["Tarva Bank"] * 3
    buckets = client.timeline(holder="Ruiz", since=date(2026, 11, 20), until=date(2026, 11, 23)).to_pandas()
    assert list(buckets["oppose"]) == [1, 1, 1]
    with pytest.raises(InvalidRequest) as caught:
        list(client.stances(min_score=2))
    assert caught.value.field == "min_score"


def test_wrong_key_is_an_error_of_its_own(sqlite_api: Api) -> None:
    with (
        Client(f"http://127.0.0.1:{sqlite_api.port}", "") as stranger,
        pytest.raises(Unauthenticated, match="key_missing"),
    ):
        list(stranger.jobs())


def test_client_with_an_event_loop_does_the_same(sqlite_api: Api, sqlite_database: Database) -> None:
    store_stances(sqlite_database)

    async def follow() -> tuple[list[str | None], list[str | None], int, UUID]:
        async with AsyncClient(f"http://127.0.0.1:{sqlite_api.port}", sqlite_api.key) as client:
            batch = await client.push_batch([{"body": "Story one."}, {"body": "Story two."}], size=1)
            await anyio.to_thread.run_sync(complete_job, sqlite_database, batch.job_ids[0])
            result = await client.result(batch.job_ids[0], timeout_s=5)
            results = client.results()
            guids = [item.guid async for item in results]
            frame = await client.stances(holder="Ruiz").to_pandas()
            again = [item.guid async for item in client.results(after=results.cursor)]
            return guids, again, len(frame), result.job_id

    guids, again, stances, job_id = anyio.run(follow)
    assert (guids[:3], again, stances) == (["0", "1", "2"], [], 3)
    assert isinstance(job_id, UUID)


def test_environment_gives_address_and_key(sqlite_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_URL", f"http://127.0.0.1:{sqlite_api.port}")
    monkeypatch.setenv("STANCEWIRE_KEY", sqlite_api.key)
    with Client() as client:
        assert client.feeds() == ()
        assert list(client.topics()) == []
