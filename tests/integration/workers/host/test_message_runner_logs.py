"""What a worker logs about an article: whose it is, and nothing of what it says."""

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


def test_lines_name_job_and_feed_and_a_defect_does_not_quote_the_article(sqlite_database: Database) -> None:
    [broken] = push(sqlite_database, article("A secret paragraph.", feed="wire"))
    [foreign] = push(sqlite_database, article("Un paragraphe.", feed="presse"))

    def analyse(pushed: Article, _checkpoint: Checkpoint) -> Analysis:
        if pushed.feed == "presse":
            raise PermanentError("it is in French", code="language_unsupported")
        raise KeyError(pushed.body)

    batch = MessageRunner(sqlite_database, analyse, Worker(), WorkerMetrics(CollectorRegistry()))
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        for message in fill(sqlite_database):
            batch.run(message.id, message.job_ids)
    of_broken = [line for line in lines if line.get("job") == str(broken.job_id)]
    assert [line["event"] for line in of_broken] == ["article_defect", "article_postponed", "article_done"]
    assert {line["feed"] for line in of_broken} == {"wire"}
    assert "secret" not in str(
        [line for line in of_broken if line["event"] != "article_defect"]
    )  # its exception is for the formatter
    [failed] = [line for line in lines if line["event"] == "article_failed"]
    assert (failed["job"], failed["feed"], failed["reason"]) == (str(foreign.job_id), "presse", "it is in French")
