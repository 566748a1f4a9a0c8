"""The search index over results: written when a result is stored, in its transaction, or later by ``stancewire index``.

One result represents an article: the newest analysis of the newest version that its feed pushed under that guid. Older
results can still be fetched by their job, but no search finds them (decision 9). Of the copies of a story one leads
(decision 20).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, Table, delete, func, insert, select, update

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


def add(connection: Connection, sequence: int, result: Result) -> bool:
    """Index a stored result instead of older results of its article, if it is the newest. Return whether it is."""
    _mark_superseded(connection, result)
    article = connection.execute(_articles_of_results().where(jobs.c.id == result.job_id)).one()
    same_article = articles.c.id == article.id
    if article.guid is not None:
        same_guid = (articles.c.guid == article.guid) & (articles.c.feed == article.feed)
        same_article = same_guid & (articles.c.strand == article.strand)
    position = func.coalesce(indexed_results.c.copy_order, indexed_results.c.sequence).label("copy_order")
    indexed_query = _articles_of_results().add_columns(indexed_results.c.sequence, position).join(indexed_results)
    others = connection.execute(indexed_query.where(same_article)).all()
    if article.withdrawn_at is not None or any(_recency(other) > _recency(article) for other in others):
        return False
    row = {
        "sequence": sequence,
        "feed": article.feed,
        "article_id": result.article_id,
        "day": _time(article) // DAY_MS,
        "story_id": article.story_id,
        "copy_order": min((other.copy_order for other in others), default=sequence),
        "leads_story": not _has_lead(connection, article.story_id),
    }
    connection.execute(insert(indexed_results).values(row))
    if others:  # after the insertion, so that a version that led the story leaves the lead to this one
        outdated = indexed_results.c.sequence.in_([other.sequence for other in others])
        connection.execute(delete(indexed_results).where(outdated))
    leads_story = select(indexed_results.c.leads_story).where(indexed_results.c.sequence == sequence)
    _insert_rows(connection, sequence, article, result, leads_story=connection.execute(leads_story).scalar_one())
    return True


def _has_lead(connection: Connection, story_id: UUID | None) -> bool:
    """Return whether a copy leads the story, and keep it locked until this transaction ends."""
    if story_id is None:
        return False
    leads = (indexed_results.c.story_id == story_id, indexed_results.c.leads_story)
    lead = select(indexed_results.c.sequence).where(*leads).with_for_update()
    # Twice: the first may have waited for a transaction that removed the lead and gave it to another copy.
    return any(connection.execute(lead).first() is not None for _ in range(2))


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
        added = sum(add(connection, row.sequence, Result.model_validate_json(row.document)) for row in rows)
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
            document = Result.model_validate_json(row.document)
            _insert_rows(connection, row.sequence, row, document, leads_story=row.leads_story)
    return (sequences[-1] if sequences else after), len(sequences)


def _articles_of_results() -> Select[Any]:
    """Select article and number of the analysis of each result: they decide which result represents the article."""
    columns = (articles.c.id, articles.c.feed, articles.c.guid, articles.c.published_at, articles.c.received_at)
    from_jobs = results.join(jobs, jobs.c.id == results.c.job_id).join(articles, articles.c.id == jobs.c.article_id)
    versions = (articles.c.strand, articles.c.story_id, articles.c.withdrawn_at, jobs.c.analysis)
    return select(*columns, *versions).select_from(from_jobs)


def _recency(row: Any) -> tuple[int, str, int]:
    return row.received_at, row.id.hex, row.analysis  # IDs of the same millisecond are in the order of the push


def _time(article: Any) -> int:
    """Return when the article was published, or when it was received if that is unknown or in the future (ms)."""
    received_at: int = article.received_at
    published_at: int | None = article.published_at
    return received_at if published_at is None or published_at > received_at else published_at


def _mark_superseded(connection: Connection, result: Result) -> None:
    """Store with all results of the article, except that of the newest analysis, which job replaced them."""
    analyses = connection.execute(
        select(results.c.job_id)
        .join(jobs, jobs.c.id == results.c.job_id)
        .where(jobs.c.article_id == result.article_id)
        .order_by(jobs.c.analysis)
    ).scalars()
    *older, newest = analyses.all()
    if older:
        connection.execute(update(results).where(results.c.job_id.in_(older)).values(superseded_by=newest))


def _insert_rows(connection: Connection, sequence: int, article: Any, result: Result, *, leads_story: bool) -> None:
    shared = {"sequence": sequence, "feed": article.feed, "at": _time(article), "leads_story": leads_story}
    for table, rows in _rows(result, shared):
        if rows:
            connection.execute(insert(table), rows)
    entity_index.add(connection, sequence, article.feed, result)


def _rows(result: Result, shared: dict[str, Any]) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """Yield each table with its rows, in the order of their foreign keys. ``shared`` has the columns of all items."""
    names = {entity.id: entity.name for entity in result.entities}
    keys = {entity.id: _keys(entity, result.text) for entity in result.entities}
    acts = {attribution.id: attribution.cue.act for attribution in result.attributions if attribution.cue}
    first_id, at = shared["sequence"] * ID_STEP, shared["at"]
    row_ids = range(first_id, first_id + ID_STEP)
    numbered_attributions = list(zip(row_ids, result.attributions, strict=False))
    numbered_stances = list(zip(row_ids, result.stances, strict=False))
    yield (
        attributions,
        [
            {"id": row_id, **shared, **_attribution_row(item, names, result.text)}
            for row_id, item in numbered_attributions
        ],
    )
    yield (
        attribution_names,
        [
            {"key": key, "at": at, "attribution_id": row_id, "exact": exact}
            for row_id, item in numbered_attributions
            for key, exact in (keys.get(item.source.entity or "", ()) if item.source else ())
        ],
    )
    yield (
        stances,
        [
            {"id": row_id, **shared, "day": at // DAY_MS, **_stance_row(item, names, acts, result.text)}
            for row_id, item in numbered_stances
        ],
    )
    yield (
        stance_names,
        [
            {"role": role, "key": key, "at": at, "stance_id": row_id, "exact": exact}
            for row_id, item in numbered_stances
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
