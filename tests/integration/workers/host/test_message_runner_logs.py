"""The log lines of a worker name the job and the feed and never quote the article."""

from __future__ import annotations

import structlog
from prometheus_client import CollectorRegistry

from services.contracts import Analysis, Article
from services.database.engine import Database
from services.errors import PermanentError
from services.metrics import WorkerMetrics
from services.settings import Worker
from tests.support.ledger import article, fill, push
from workers.host.message_runner import Checkpoint, MessageRunner


def test_log_lines_name_job_and_feed_without_quoting_the_article(sqlite_database: Database) -> None:
    [broken] = push(sqlite_database, article("A secret paragraph.", feed="wire"))
    [foreign] = push(sqlite_database, article("Un paragraphe.", feed="presse"))

    def analyse(pushed: Article, _checkpoint: Checkpoint) -> Analysis:
        if pushed.feed == "presse":
            raise PermanentError("it is in French", code="language_unsupported")
        raise KeyError(pushed.body)

    runner = MessageRunner(sqlite_database, analyse, Worker(), WorkerMetrics(CollectorRegistry()))
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        for message in fill(sqlite_database):
            runner.run(message.id, message.job_ids)
    broken_lines = [line for line in lines if line.get("job") == str(broken.job_id)]
    assert [line["event"] for line in broken_lines] == ["article_defect", "article_postponed", "article_done"]
    assert {line["feed"] for line in broken_lines} == {"wire"}
    # The formatter leaves out the message of the exception in "article_defect".
    assert "secret" not in str([line for line in broken_lines if line["event"] != "article_defect"])
    [failed] = [line for line in lines if line["event"] == "article_failed"]
    assert (failed["job"], failed["feed"], failed["reason"]) == (str(foreign.job_id), "presse", "it is in French")
