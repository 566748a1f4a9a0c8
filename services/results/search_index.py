"""The search index over results: written when a result is stored, in its transaction, or later by ``stancewire index``.

One result represents an article: the newest analysis of the newest version that its feed pushed under that guid. Older
results can still be fetched by their job, but no search finds them (decision 9). Of the copies of a story one leads
(decision 20).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Insert, Select, bindparam, delete, func, insert, select, update

from services.contracts import Act, Attribution, Entity, Extent, Result, Stance
from services.database.engine import Database
from services.database.tables import (
    ID_STEP,
    article_entities,
    articles,
    attribution_names,
    attributions,
    indexed_results,
    jobs,
    results,
    stance_names,
    stances,
)
from services.results import entity_index
from services.results.name_keys import beginnings_of_entity, keys_of_entity

DAY_MS: Final = 86_400_000
EXCERPT_MAX: Final = 4_000  # characters of a content or evidence that the index keeps; the result has all of them
HOLDER: Final = "h"
TARGET: Final = "t"


def _articles_of_results() -> Select[Any]:
    """Select article and number of the analysis of each result: they decide which result represents the article."""
    columns = (articles.c.id, articles.c.feed, articles.c.guid, articles.c.published_at, articles.c.received_at)
    from_jobs = results.join(jobs, jobs.c.id == results.c.job_id).join(articles, articles.c.id == jobs.c.article_id)
    versions = (articles.c.strand, articles.c.story_id, articles.c.withdrawn_at, jobs.c.analysis)
    return select(*columns, *versions).select_from(from_jobs)


# Statements for every result are built once: building them takes longer than executing them.
_POSITION: Final = func.coalesce(indexed_results.c.copy_order, indexed_results.c.sequence).label("copy_order")
_INDEXED: Final = _articles_of_results().add_columns(indexed_results.c.sequence, _POSITION).join(indexed_results)
_ARTICLE_OF_JOB: Final = _articles_of_results().where(jobs.c.id == bindparam("of_job"))
_INDEXED_OF_ARTICLE: Final = _INDEXED.where(articles.c.id == bindparam("of_article"))
_INDEXED_VERSIONS: Final = _INDEXED.where(
    articles.c.guid == bindparam("of_guid"),
    articles.c.feed == bindparam("of_feed"),
    articles.c.strand == bindparam("of_strand"),
)
_ANALYSES: Final = (
    select(results.c.job_id)
    .join(jobs, jobs.c.id == results.c.job_id)
    .where(jobs.c.article_id == bindparam("of_article"))
    .order_by(jobs.c.analysis)
)
_INDEX: Final = insert(indexed_results)
_LEAD: Final = (
    select(indexed_results.c.sequence)
    .where(indexed_results.c.story_id == bindparam("of_story"), indexed_results.c.leads_story)
    .with_for_update()
)
_LEADS_STORY: Final = select(indexed_results.c.leads_story).where(
    indexed_results.c.sequence == bindparam("of_sequence")
)
_NEW_ATTRIBUTIONS: Final = insert(attributions)
_NEW_ATTRIBUTION_NAMES: Final = insert(attribution_names)
_NEW_STANCES: Final = insert(stances)
_NEW_STANCE_NAMES: Final = insert(stance_names)


@dataclass(frozen=True, slots=True)
class IndexRows:
    """The rows of a result but for its number and what depends on its article, computed before the store is locked.

    ``items`` are the rows for each statement in the order of their foreign keys, each with the number of its item.
    """

    result: Result
    items: tuple[tuple[Insert, list[tuple[int, dict[str, Any]]]], ...]
    entities: list[dict[str, Any]]


def prepare(result: Result) -> IndexRows:
    """Compute the rows of a result."""
    return IndexRows(result, tuple(_rows(result)), entity_index.rows_of(result))


def add(connection: Connection, sequence: int, rows: IndexRows) -> bool:
    """Index a stored result instead of older results of its article, if it is the newest. Return whether it is."""
    _mark_superseded(connection, rows.result)
    article = connection.execute(_ARTICLE_OF_JOB, {"of_job": rows.result.job_id}).one()
    if article.guid is None:
        others = connection.execute(_INDEXED_OF_ARTICLE, {"of_article": article.id}).all()
    else:
        versions = {"of_guid": article.guid, "of_feed": article.feed, "of_strand": article.strand}
        others = connection.execute(_INDEXED_VERSIONS, versions).all()
    if article.withdrawn_at is not None or any(_recency(other) > _recency(article) for other in others):
        return False
    row = {
        "sequence": sequence,
        "feed": article.feed,
        "article_id": rows.result.article_id,
        "day": _time(article) // DAY_MS,
        "story_id": article.story_id,
        "copy_order": min((other.copy_order for other in others), default=sequence),
        "leads_story": not _has_lead(connection, article.story_id),
    }
    connection.execute(_INDEX, row)
    if others:  # after the insertion, so that a version that led the story leaves the lead to this one
        outdated = indexed_results.c.sequence.in_([other.sequence for other in others])
        connection.execute(delete(indexed_results).where(outdated))
    leads_story = connection.execute(_LEADS_STORY, {"of_sequence": sequence}).scalar_one()
    _insert_rows(connection, sequence, article, rows, leads_story=leads_story)
    return True


def _has_lead(connection: Connection, story_id: UUID | None) -> bool:
    """Return whether a copy leads the story, and keep it locked until this transaction ends."""
    if story_id is None:
        return False
    # Twice: the first may have waited for a transaction that removed the lead and gave it to another copy.
    return any(connection.execute(_LEAD, {"of_story": story_id}).first() is not None for _ in range(2))


def remove(connection: Connection, article_id: UUID) -> None:
    """Remove an article from the index, so that no search finds it."""
    connection.execute(delete(indexed_results).where(indexed_results.c.article_id == article_id))


def backfill(database: Database, after: int, limit: int) -> tuple[int, int, int]:
    """Index the next ``limit`` results after the sequence ``after`` that are not in the index, in one transaction.

    Return the last sequence that was checked, how many results were checked, and how many were added. A result that is
    withdrawn or not the newest of its article is checked but not added.
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
        added = sum(add(connection, row.sequence, prepare(Result.model_validate_json(row.document))) for row in rows)
    return (rows[-1].sequence if rows else after), len(rows), added


def rebuild(database: Database, after: int, limit: int) -> tuple[int, int]:
    """Replace the rows of the next ``limit`` indexed results after the sequence ``after``, in one transaction.

    Readers see the old rows of a result or the new ones, never neither. The row in ``indexed_results`` stays and is
    locked: a newer result of the article that is stored meanwhile waits, and then removes it with the new rows.
    Return the last sequence that was rebuilt, and how many results were.
    """
    query = (
        _articles_of_results()
        .add_columns(results.c.sequence, results.c.document, indexed_results.c.leads_story)
        .join(indexed_results, indexed_results.c.sequence == results.c.sequence)
        .where(results.c.sequence > after)
        .order_by(results.c.sequence)
        .limit(limit)
        .with_for_update(of=indexed_results)
    )
    with database.write() as connection:
        rows = connection.execute(query).all()
        sequences = [row.sequence for row in rows]
        for table in (stances, attributions, article_entities):  # their names are deleted with them
            connection.execute(delete(table).where(table.c.sequence.in_(sequences)))
        for row in rows:
            prepared = prepare(Result.model_validate_json(row.document))
            _insert_rows(connection, row.sequence, row, prepared, leads_story=row.leads_story)
    return (sequences[-1] if sequences else after), len(sequences)


def _recency(row: Any) -> tuple[int, str, int]:
    return row.received_at, row.id.hex, row.analysis  # IDs of the same millisecond are in the order of the push


def _time(article: Any) -> int:
    """Return when the article was published, or when it was received if that is unknown or in the future (ms)."""
    received_at: int = article.received_at
    published_at: int | None = article.published_at
    return received_at if published_at is None or published_at > received_at else published_at


def _mark_superseded(connection: Connection, result: Result) -> None:
    """Store with all results of the article, except that of the newest analysis, which job replaced them."""
    *older, newest = connection.execute(_ANALYSES, {"of_article": result.article_id}).scalars().all()
    if older:
        connection.execute(update(results).where(results.c.job_id.in_(older)).values(superseded_by=newest))


def _insert_rows(connection: Connection, sequence: int, article: Any, rows: IndexRows, *, leads_story: bool) -> None:
    at = _time(article)
    shared = {"sequence": sequence, "feed": article.feed, "at": at, "leads_story": leads_story}
    own = {
        _NEW_ATTRIBUTIONS: ("id", shared),
        _NEW_ATTRIBUTION_NAMES: ("attribution_id", {"at": at}),
        _NEW_STANCES: ("id", shared | {"day": at // DAY_MS}),
        _NEW_STANCE_NAMES: ("stance_id", {"at": at}),
    }
    for statement, items in rows.items:
        if items:
            key, common = own[statement]
            connection.execute(
                statement,
                [{**row, **common, key: sequence * ID_STEP + number} for number, row in items],
            )
    entity_index.add(connection, sequence, article.feed, rows.entities)


def _rows(result: Result) -> Iterator[tuple[Insert, list[tuple[int, dict[str, Any]]]]]:
    """Yield for each table the statement and its rows, each with the number of its item."""
    names = {entity.id: entity.name for entity in result.entities}
    keys = {entity.id: _keys(entity, result.text) for entity in result.entities}
    acts = {attribution.id: attribution.cue.act for attribution in result.attributions if attribution.cue}
    said = list(zip(range(ID_STEP), result.attributions, strict=False))
    held = list(zip(range(ID_STEP), result.stances, strict=False))
    yield _NEW_ATTRIBUTIONS, [(number, _attribution_row(item, names, result.text)) for number, item in said]
    yield (
        _NEW_ATTRIBUTION_NAMES,
        [
            (number, {"key": key, "exact": exact})
            for number, item in said
            for key, exact in (keys.get(item.source.entity or "", ()) if item.source else ())
        ],
    )
    yield _NEW_STANCES, [(number, _stance_row(item, names, acts, result.text)) for number, item in held]
    yield (
        _NEW_STANCE_NAMES,
        [
            (number, {"role": role, "key": key, "exact": exact})
            for number, item in held
            for role, entity in ((HOLDER, item.holder), (TARGET, item.target.entity))
            for key, exact in keys.get(entity or "", ())
        ],
    )


def _keys(entity: Entity, text: str) -> list[tuple[str, bool]]:
    """Return the keys of an entity, each with whether it is exact."""
    exact = keys_of_entity(entity, text)
    return [(key, True) for key in exact] + [(key, False) for key in beginnings_of_entity(entity, exact)]


def _attribution_row(attribution: Attribution, names: dict[str, str], text: str) -> dict[str, Any]:
    source, cue = attribution.source, attribution.cue
    return {
        "item": attribution.id,
        "speaker": names.get(source.entity or "") if source else None,
        "source": _excerpt(text, source) if source else None,
        "cue": _excerpt(text, cue) if cue else None,
        "act": cue.act if cue else None,
        "kind": attribution.kind,
        "score": attribution.score,
        "content": " … ".join(_excerpt(text, part) for part in attribution.content)[:EXCERPT_MAX],
        "start": min(part.start for part in attribution.content),
        "end": max(part.end for part in attribution.content),
    }


def _stance_row(stance: Stance, names: dict[str, str], acts: dict[str, Act], text: str) -> dict[str, Any]:
    return {
        "item": stance.id,
        "holder": names.get(stance.holder or ""),
        "target": names.get(stance.target.entity or ""),
        "topic": stance.target.topic,
        "stance": stance.stance,
        "score": stance.score,
        "attribution": stance.attribution,
        "act": acts.get(stance.attribution or ""),
        "evidence": _excerpt(text, stance.evidence),
        "start": stance.evidence.start,
        "end": stance.evidence.end,
    }


def _excerpt(text: str, extent: Extent) -> str:
    return text[extent.start : min(extent.end, extent.start + EXCERPT_MAX)]
