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


def classify(claim: str, statement: str) -> tuple[StanceLabel, float]:
    assert claim == "The tram should be built."
    return StanceLabel.OPPOSE if "mistake" in statement else StanceLabel.SUPPORT, 0.8


def test_new_topic_applies_to_new_articles_and_reanalysis_adds_old_ones(
    api: Api, database: Database, eventually: Callable[[Callable[[], bool], float], None]
) -> None:
    pipeline = Pipeline(PipelineSettings(model="rules"), classify)

    def process_jobs(expected: int) -> None:
        """Process the queued jobs; the API's own dispatch, which has no Redis here, may hold a job for a moment."""
        processed: list[int] = []

        def all_done() -> bool:
            processed.append(run_queued_jobs())
            return sum(processed) >= expected

        eventually(all_done, 30)
        assert sum(processed) == expected

    def run_queued_jobs() -> int:
        active_topics = ActiveTopics(database, cache_s=10)

        def analyse(article: Article, checkpoint: Checkpoint) -> Analysis:
            return pipeline.analyse(article, checkpoint, active_topics())

        batch = MessageRunner(database, analyse, Worker(), WorkerMetrics(CollectorRegistry()))
        return sum(batch.run(message.id, message.job_ids) for message in fill(database))

    def topic_stances() -> list[tuple[str, str, str]]:
        items = api.client.get("/v1/stances", params={"topic": "tram-plan", "holder": "Berg"}).json()["items"]
        return [(item["feed"], item["stance"], item["evidence"]) for item in items]

    api.push(BODY, feed="before")
    api.push("Ann Lee said the weather was fine.", feed="before")
    process_jobs(2)
    created = api.client.post(
        "/v1/topics", json={"name": "Tram plan", "aliases": ["tram plan"], "claim": "The tram should be built."}
    )
    assert created.status_code == 201
    api.push(BODY, feed="after")
    process_jobs(1)
    evidence = "Mayor Ida Berg said the tram plan was a mistake"
    assert topic_stances() == [("after", "oppose", evidence)]

    with database.write() as connection:  # as if it had been registered long after the first two were analysed
        connection.execute(update(topics).values(changed_at=topics.c.changed_at - 3_600_000))
        connection.execute(update(jobs).where(jobs.c.feed == "before").values(started_at=1))
    progress = reanalysis.read_page(database, store.active(database), cache_s=10, page=100, most=100)
    assert (progress.checked, progress.queued, progress.more) == (2, 1, False)
    assert topic_stances() == [("after", "oppose", evidence)], "until the new analysis is stored"
    process_jobs(1)
    assert sorted(topic_stances()) == [("after", "oppose", evidence), ("before", "oppose", evidence)]
