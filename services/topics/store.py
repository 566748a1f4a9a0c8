"""Topics in the database: registration, changes and retirement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from services.audit import log
from services.caller import Caller
from services.contracts import Topic, TopicId, instant
from services.database.engine import Database, now_ms
from services.database.tables import topics
from services.errors import Conflict, NotFound
from services.results.name_keys import normalise
from services.settings import Topics as TopicSettings

_ID_MAX: Final = 63


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """A topic with its history. Times are in UTC.

    ``reread_to`` is the sequence of the last result that `stancewire topics reanalyze` has checked for the topic.
    """

    topic: Topic
    created_at: datetime
    changed_at: datetime
    retired_at: datetime | None
    reread_to: int


def add(
    database: Database, *, name: str, aliases: Sequence[str], claim: str, limits: TopicSettings, by: Caller
) -> TopicRecord:
    """Register a topic. Articles analysed from now on are checked for it.

    Raises Conflict if it exists or if too many topics are active.
    """
    topic = Topic(id=identifier(name), name=name.strip(), aliases=distinct(aliases), claim=claim.strip())
    with database.write() as connection:
        _check_limit(connection, limits)
        row = {"id": topic.id, "name": topic.name, "aliases": json.dumps(topic.aliases), "claim": topic.claim}
        added = database.insert(topics).values(**row, created_at=now_ms(), changed_at=now_ms()).on_conflict_do_nothing()
        if connection.execute(added.returning(topics.c.id)).first() is None:
            raise Conflict(f"the topic {topic.id} already exists, active or retired", code="topic_exists")
        log.record(connection, by.actor, "topic.add", topic.id, topic.model_dump(mode="json", exclude={"id"}))
        return _get(connection, topic.id)


def change(
    database: Database,
    topic_id: TopicId,
    *,
    name: str | None = None,
    aliases: Sequence[str] | None = None,
    retired: bool | None = None,
    limits: TopicSettings,
    by: Caller,
) -> TopicRecord:
    """Change the given fields of a topic.

    After a change, `stancewire topics reanalyze` checks all stored results again. The claim never changes. Raises
    NotFound and Conflict.
    """
    with database.write() as connection:
        before = _get(connection, topic_id)
        values: dict[str, Any] = {}
        if name is not None and name.strip() != before.topic.name:
            values |= {"name": name.strip(), "reread_to": 0}
        if aliases is not None and (new_aliases := distinct(aliases)) != before.topic.aliases:
            values |= {"aliases": json.dumps(new_aliases), "reread_to": 0}
        if retired is not None and retired != (before.retired_at is not None):
            if not retired:
                _check_limit(connection, limits)
            values |= {"retired_at": now_ms() if retired else None, "reread_to": 0}
        if values:
            parameters = {"name": name, "aliases": aliases, "retired": retired}
            requested = {field: value for field, value in parameters.items() if value is not None}
            log.record(connection, by.actor, "topic.change", topic_id, requested)
            connection.execute(update(topics).where(topics.c.id == topic_id).values(**values, changed_at=now_ms()))
        return _get(connection, topic_id)


def get(database: Database, topic_id: TopicId) -> TopicRecord:
    """Return a topic. Raises NotFound."""
    with database.read() as connection:
        return _get(connection, topic_id)


def list_topics(database: Database, *, retired: bool | None, after: TopicId = "", limit: int) -> list[TopicRecord]:
    """Return topics with IDs greater than ``after``, in the order of their IDs.

    ``retired`` selects the active ones (False), the retired ones (True) or all (None).
    """
    query = select(topics).where(topics.c.id > after).order_by(topics.c.id).limit(limit)
    if retired is not None:
        query = query.where(topics.c.retired_at.is_not(None) if retired else topics.c.retired_at.is_(None))
    with database.read() as connection:
        return [_record(row) for row in connection.execute(query)]


def active(database: Database) -> tuple[Topic, ...]:
    """Return the active topics."""
    with database.read() as connection:
        rows = connection.execute(select(topics).where(topics.c.retired_at.is_(None)).order_by(topics.c.id))
        return tuple(_record(row).topic for row in rows)


def identifier(name: str) -> TopicId:
    """Return the ID for a name: its words in lower case, joined by hyphens.

    If the name has no Latin letters or digits, the ID is a part of its hash.
    """
    words = "-".join(normalise(name).encode("ascii", "ignore").decode().split())[:_ID_MAX].strip("-")
    return words or "topic-" + hashlib.sha256(name.encode()).hexdigest()[:12]


def distinct(aliases: Sequence[str]) -> tuple[str, ...]:
    """Return the aliases stripped of white space and without repetitions, in the given order."""
    return tuple(dict.fromkeys(alias.strip() for alias in aliases))


def _check_limit(connection: Connection, limits: TopicSettings) -> None:
    count = connection.execute(
        select(func.count()).select_from(topics).where(topics.c.retired_at.is_(None))
    ).scalar_one()
    if count >= limits.active:
        raise Conflict(
            f"{count} topics are active, and the limit is {limits.active}; retire one", code="too_many_topics"
        )


def _get(connection: Connection, topic_id: TopicId) -> TopicRecord:
    row = connection.execute(select(topics).where(topics.c.id == topic_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no topic {topic_id}")
    return _record(row)


def _record(row: Any) -> TopicRecord:
    return TopicRecord(
        topic=Topic.model_construct(id=row.id, name=row.name, aliases=tuple(json.loads(row.aliases)), claim=row.claim),
        created_at=instant(row.created_at),
        changed_at=instant(row.changed_at),
        retired_at=None if row.retired_at is None else instant(row.retired_at),
        reread_to=row.reread_to,
    )
