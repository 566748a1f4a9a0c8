"""A topic from its registration to the query about it, with a pipeline in a batch and a scripted stance classifier."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from sqlalchemy import update

from services.contracts import Analysis, Article, StanceLabel
from services.database.engine import Database
from services.database.tables import jobs, topics
from services.metrics import WorkerMetrics
from services.settings import Pipeline as PipelineSettings
from services.settings import Worker
from services.topics import reanalysis, store
from services.topics.active_topics import ActiveTopics
from tests.support.api import Api
from tests.support.ledger import fill
from workers.host.message_runner import Checkpoint, MessageRunner
from workers.pipeline.pipeline import Pipeline

BODY = "Mayor Ida Berg said the tram plan was a mistake. Ann Lee said the weather was fine."


def judge(claim: str, statement: str) -> tuple[StanceLabel, float]:
    assert claim == "The tram should be built."
    return StanceLabel.OPPOSE if "mistake" in statement else StanceLabel.SUPPORT, 0.8


def test_topics_apply_from_then_on_and_the_past_is_read_again(
    api: Api, database: Database, eventually: Callable[[Callable[[], bool], float], None]
) -> None:
    pipeline = Pipeline(PipelineSettings(model="rules"), judge)

    def work(expected: int) -> None:
        """Work off what waits; the API's own dispatch, which finds no Redis, may hold a job for a moment."""
        done: list[int] = []

        def enough() -> bool:
            done.append(work_once())
            return sum(done) >= expected

        eventually(enough, 30)
        assert sum(done) == expected

    def work_once() -> int:
        known = ActiveTopics(database, cache_s=10)

        def analyse(article: Article, checkpoint: Checkpoint) -> Analysis:
            return pipeline.analyse(article, checkpoint, known())

        batch = MessageRunner(database, analyse, Worker(), WorkerMetrics(CollectorRegistry()))
        return sum(batch.run(message.id, message.job_ids) for message in fill(database))

    def held() -> list[tuple[str, str, str]]:
        items = api.client.get("/v1/stances", params={"topic": "tram-plan", "holder": "Berg"}).json()["items"]
        return [(item["feed"], item["stance"], item["evidence"]) for item in items]

    api.push(BODY, feed="before")
    api.push("Ann Lee said the weather was fine.", feed="before")
    work(2)
    made = api.client.post(
        "/v1/topics", json={"name": "Tram plan", "aliases": ["tram plan"], "claim": "The tram should be built."}
    )
    assert made.status_code == 201
    api.push(BODY, feed="after")
    work(1)
    proof = "Mayor Ida Berg said the tram plan was a mistake"
    assert held() == [("after", "oppose", proof)]

    with database.write() as connection:  # as if it had been registered long after the first two were analysed
        connection.execute(update(topics).values(changed_at=topics.c.changed_at - 3_600_000))
        connection.execute(update(jobs).where(jobs.c.feed == "before").values(started_at=1))
    progress = reanalysis.read_page(database, store.active(database), cache_s=10, page=100, most=100)
    assert (progress.looked, progress.queued, progress.more) == (2, 1, False)
    assert held() == [("after", "oppose", proof)], "until the new analysis is stored"
    work(1)
    assert sorted(held()) == [("after", "oppose", proof), ("before", "oppose", proof)]
