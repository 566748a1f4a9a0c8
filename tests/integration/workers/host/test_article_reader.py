"""The analysis of a text that was analysed before is reused where the operator says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.contracts import Article, MediaType, Topic
from services.database.engine import Database
from services.jobs import result_queries
from services.metrics import WorkerMetrics
from services.settings import Pipeline as PipelineSettings
from services.settings import Stories, Worker
from tests.support.ledger import fill, push
from workers.host.article_reader import ArticleReader
from workers.host.message_runner import MessageRunner
from workers.pipeline.pipeline import Pipeline

BODY = "Mayor Ida Berg said the tram plan was a mistake. “It is far too expensive,” she told reporters."


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(PipelineSettings(model="rules"))


class Host:
    """Reads what is pushed, and counts the analyses that were reused."""

    def __init__(self, database: Database, pipeline: Pipeline, **settings: Any) -> None:
        self.database = database
        self.topics: tuple[Topic, ...] = ()
        self._registry = CollectorRegistry()
        stories = Stories(**settings)
        reader = ArticleReader(pipeline, lambda: self.topics, database, stories)
        metrics = WorkerMetrics(self._registry)
        self.runner = MessageRunner(
            database, reader.analyse, Worker(), metrics, text_keys=reader.text_keys, stories=stories
        )

    @property
    def reused(self) -> float:
        return self._registry.get_sample_value("stancewire_stage_seconds_count", {"stage": "reused"}) or 0

    def read(self, **fields: Any) -> dict[str, Any]:
        [accepted] = push(self.database, Article(**({"body": BODY} | fields)))
        for message in fill(self.database):
            self.runner.run(message.id, message.job_ids)
        stored = result_queries.result(self.database, accepted.job_id)
        assert stored is not None
        return dict(json.loads(stored.document))


def test_exact_text_under_another_feed_and_markup_is_analysed_once(database: Database, pipeline: Pipeline) -> None:
    host = Host(database, pipeline, reuse=True)
    first = host.read(feed="wire", guid="1")
    copy = host.read(feed="paper", guid="2", media_type=MediaType.HTML, body=f"<p class='x'>{BODY}</p>")
    assert host.reused == 1
    ours = {"job_id", "article_id", "story_id", "article"}
    assert {name: copy[name] for name in copy.keys() - ours} == {name: first[name] for name in first.keys() - ours}
    assert copy["job_id"] != first["job_id"]


@pytest.mark.parametrize("fields", [{"title": "Tram"}, {"body": BODY.replace("mistake", "triumph")}])
def test_another_text_is_analysed_by_itself(database: Database, pipeline: Pipeline, fields: dict[str, str]) -> None:
    host = Host(database, pipeline, reuse=True)
    host.read(feed="wire")
    other = host.read(feed="paper", **fields)
    assert host.reused == 0
    assert other["attributions"]


def test_new_topic_is_asked_of_every_copy(database: Database, pipeline: Pipeline) -> None:
    host = Host(database, pipeline, reuse=True)
    host.read(feed="wire")
    host.topics = (Topic(id="tram", name="tram plan", claim="The tram should be built."),)
    host.read(feed="paper")
    assert host.reused == 0


def test_reuse_is_off_by_default_and_linking_can_be_turned_off(database: Database, pipeline: Pipeline) -> None:
    host = Host(database, pipeline)
    assert host.read(feed="wire")["story_id"]
    assert host.read(feed="paper")["story_id"]
    assert host.reused == 0
    assert Host(database, pipeline, link=False).read(feed="other")["story_id"] is None
