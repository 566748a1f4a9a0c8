"""What a result says, put where the read side finds it: in the transaction that stores the result, and again by ``backfill``.

One result speaks for a story: the newest analysis of the newest article that its feed pushed under that guid. Older ones are
fetched by their job as before, but no question finds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from services.contracts import Attribution, Extent, Result, Stance
from services.database.engine import Database
from services.database.tables import (
    ID_STEP,
    articles,
    attribution_names,
    attributions,
    indexed_results,
    jobs,
    results,
    stance_names,
    stances,
)
from services.results.name_keys import keys_of_entity

DAY_MS: Final = 86_400_000
WORDS_MAX: Final = 4_000  # characters of a statement or its evidence that are kept here; the result has all
HOLDER: Final = "h"
TARGET: Final = "t"


def add(connection: Connection, sequence: int, result: Result) -> bool:
    """Make a stored result findable instead of older ones of its story; returns whether it is the newest."""
    _supersede(connection, result)
    own = connection.execute(_standing().where(jobs.c.id == result.job_id)).one()
    same = articles.c.id == own.id
    if own.guid is not None:
        same = (articles.c.guid == own.guid) & (articles.c.feed == own.feed)
    found = _standing().add_columns(indexed_results.c.sequence).join(indexed_results).where(same)
    others = connection.execute(found).all()
    if own.withdrawn_at is not None or any(_age(other) > _age(own) for other in others):
        return False
    if others:
        outdated = indexed_results.c.sequence.in_([other.sequence for other in others])
        connection.execute(delete(indexed_results).where(outdated))
    known = own.published_at is not None and own.published_at <= own.received_at
    at: int = own.published_at if known else own.received_at
    place = {"sequence": sequence, "feed": own.feed}
    row = {**place, "article_id": result.article_id, "day": at // DAY_MS}
    connection.execute(insert(indexed_results).values(row))
    for table, rows in _rows(result, {**place, "at": at}):
        if rows:
            connection.execute(insert(table), rows)
    return True


def remove(connection: Connection, article_id: UUID) -> None:
    """No question finds the article any more."""
    connection.execute(delete(indexed_results).where(indexed_results.c.article_id == article_id))


def backfill(database: Database, after: int, limit: int) -> tuple[int, int, int]:
    """Index results that were stored before there was an index, the next ``limit`` after the sequence ``after``.

    Returns the sequence of the last one looked at, how many were looked at and how many are new in the index. Each call is one
    transaction; a result that is indexed already is not looked at again.
    """
    query = (
        select(results.c.sequence, results.c.document)
        .outerjoin(indexed_results, indexed_results.c.sequence == results.c.sequence)
        .where(results.c.sequence > after, indexed_results.c.sequence.is_(None), results.c.superseded_by.is_(None))
        .order_by(results.c.sequence)
        .limit(limit)
    )
    with database.write() as connection:
        rows = connection.execute(query).all()
        added = sum(add(connection, row.sequence, Result.model_validate_json(row.document)) for row in rows)
    return (rows[-1].sequence if rows else after), len(rows), added


def _standing() -> Any:
    """What decides which result speaks for a story."""
    columns = (articles.c.id, articles.c.feed, articles.c.guid, articles.c.published_at, articles.c.received_at)
    from_jobs = results.join(jobs, jobs.c.id == results.c.job_id).join(articles, articles.c.id == jobs.c.article_id)
    return select(*columns, articles.c.withdrawn_at, jobs.c.analysis).select_from(from_jobs)


def _age(row: Any) -> tuple[int, str, int]:
    return row.received_at, row.id.hex, row.analysis  # IDs of one moment are in the order of the push


def _supersede(connection: Connection, result: Result) -> None:
    """Note at all results of an article but the newest analysis which job replaced them."""
    analyses = connection.execute(
        select(results.c.job_id)
        .join(jobs, jobs.c.id == results.c.job_id)
        .where(jobs.c.article_id == result.article_id)
        .order_by(jobs.c.analysis)
    ).scalars()
    *older, newest = analyses.all()
    if older:
        connection.execute(update(results).where(results.c.job_id.in_(older)).values(superseded_by=newest))


def _rows(result: Result, place: dict[str, Any]) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """The rows of each table, those first that others refer to."""
    names = {entity.id: entity.name for entity in result.entities}
    keys = {entity.id: keys_of_entity(entity, result.text) for entity in result.entities}
    first = place["sequence"] * ID_STEP
    said = list(zip(range(first, first + ID_STEP), result.attributions, strict=False))
    held = list(zip(range(first, first + ID_STEP), result.stances, strict=False))
    yield attributions, [{"id": key, **place, **_attribution(one, names, result.text)} for key, one in said]
    yield (
        attribution_names,
        [
            {"key": name, "at": place["at"], "attribution_id": key}
            for key, one in said
            for name in (keys.get(one.source.entity or "", ()) if one.source else ())
        ],
    )
    acts = {one.id: one.cue.act for one in result.attributions if one.cue}
    day = {"day": place["at"] // DAY_MS}
    yield stances, [{"id": key, **place, **day, **_stance(one, names, acts, result.text)} for key, one in held]
    yield (
        stance_names,
        [
            {"role": role, "key": name, "at": place["at"], "stance_id": key}
            for key, one in held
            for role, entity in ((HOLDER, one.holder), (TARGET, one.target.entity))
            for name in keys.get(entity or "", ())
        ],
    )


def _attribution(one: Attribution, names: dict[str, str], text: str) -> dict[str, Any]:
    return {
        "item": one.id,
        "speaker": names.get(one.source.entity or "") if one.source else None,
        "source": _words(text, one.source) if one.source else None,
        "cue": _words(text, one.cue) if one.cue else None,
        "act": one.cue.act if one.cue else None,
        "kind": one.kind,
        "score": one.score,
        "content": " … ".join(_words(text, part) for part in one.content)[:WORDS_MAX],
        "start": min(part.start for part in one.content),
        "end": max(part.end for part in one.content),
    }


def _stance(one: Stance, names: dict[str, str], acts: dict[str, Any], text: str) -> dict[str, Any]:
    return {
        "item": one.id,
        "holder": names.get(one.holder or ""),
        "target": names.get(one.target.entity or ""),
        "topic": one.target.topic,
        "stance": one.stance,
        "score": one.score,
        "attribution": one.attribution,
        "act": acts.get(one.attribution or ""),
        "evidence": _words(text, one.evidence),
        "start": one.evidence.start,
        "end": one.evidence.end,
    }


def _words(text: str, extent: Extent) -> str:
    return text[extent.start : min(extent.end, extent.start + WORDS_MAX)]
