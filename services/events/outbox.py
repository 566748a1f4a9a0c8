"""The outbox of events. `services.webhooks` turns its rows into deliveries.

An event is recorded in the transaction that it describes, so that neither exists without the other, even if the
process is killed. Nothing is recorded while no webhook is enabled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Text, Uuid, bindparam, delete, exists, insert, select, update
from uuid_utils.compat import uuid7

from services.contracts import JobState
from services.contracts.event import EventType
from services.database.engine import now_ms
from services.database.tables import PENDING, articles, deliveries, events, jobs, webhooks

_COLUMNS: Final = ("id", "type", "feed", "article_id", "job_id", "detail", "at")
_WITHDRAWN: Final = EventType.RESULT_WITHDRAWN
_HAS_RECEIVER: Final = exists(select(webhooks.c.id).where(webhooks.c.disabled_at.is_(None)))
# Built once, as an event may be recorded for every result.
_RECORD: Final = insert(events).from_select(
    _COLUMNS,
    select(
        bindparam("event_id", type_=Uuid()),
        bindparam("kind", type_=Text()),
        bindparam("of_feed", type_=Text()),
        bindparam("of_article", type_=Uuid()),
        bindparam("of_job", type_=Uuid()),
        bindparam("detail_json", type_=Text()),
        now_ms(),
    ).where(_HAS_RECEIVER),
)


def result_ready(connection: Connection, feed: str, article_id: UUID, job_id: UUID) -> None:
    """Record that a result was stored."""
    _record(connection, EventType.RESULT_READY, feed, article_id, job_id, {})


def job_ended(
    connection: Connection, state: JobState, feed: str, article_id: UUID, job_id: UUID, reason: Mapping[str, Any]
) -> None:
    """Record that a job ended as failed or dead. ``reason`` has ``code``, ``detail`` and ``attempts``."""
    kind = EventType.JOB_DEAD if state is JobState.DEAD else EventType.JOB_FAILED
    _record(connection, kind, feed, article_id, job_id, reason)


def results_withdrawn(
    connection: Connection, article_id: UUID, kind: Literal["withdrawn", "erased"], reason: str
) -> None:
    """Record that the results of an article are no longer served, while its rows still exist.

    Deliveries about the article that were not sent yet are given up; one that is being sent may still arrive. Those of
    an erased article are removed with their content, whether they were sent or not.
    """
    connection.execute(delete(events).where(events.c.article_id == article_id, events.c.type != _WITHDRAWN))
    with_content = (deliveries.c.article_id == article_id) & (deliveries.c.type != _WITHDRAWN)
    if kind == "erased":
        connection.execute(delete(deliveries).where(with_content))
    else:
        canceled = {"state": "canceled", "finished_at": now_ms(), "error": "the article was withdrawn"}
        connection.execute(update(deliveries).where(with_content, PENDING).values(**canceled))
    article = connection.execute(select(articles.c.feed, articles.c.guid).where(articles.c.id == article_id)).one()
    job_ids = connection.execute(select(jobs.c.id).where(jobs.c.article_id == article_id).order_by(jobs.c.analysis))
    detail = {
        "guid": None if kind == "erased" else article.guid,
        "job_ids": [str(job_id) for job_id in job_ids.scalars()],
        "kind": kind,
        "reason": reason,
    }
    _record(connection, _WITHDRAWN, article.feed, article_id, None, detail)


def _record(
    connection: Connection, kind: EventType, feed: str, article_id: UUID, job_id: UUID | None, detail: Mapping[str, Any]
) -> None:
    values = {
        "event_id": uuid7(),
        "kind": kind.value,
        "of_feed": feed,
        "of_article": article_id,
        "of_job": job_id,
        "detail_json": json.dumps(detail, ensure_ascii=False),
    }
    connection.execute(_RECORD, values)
