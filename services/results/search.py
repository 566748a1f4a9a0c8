"""Searches for attributions and stances across articles, newest first.

Every query is driven by an index. On SQLite, which has no statistics unless ``ANALYZE`` is run, :func:`_matching_rows`
chooses the index: a unary plus keeps a column out of all other indexes. PostgreSQL's planner chooses for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Subquery, Table, func, select, tuple_

from services.contracts import StanceLabel
from services.database.engine import Database
from services.database.replica import reading_for_search
from services.database.tables import (
    ID_STEP,
    articles,
    coverage,
    indexed_results,
    results,
    stances,
)
from services.results import full_text, story_leads
from services.results.entities import is_whole_name
from services.results.search_conditions import (
    ATTRIBUTIONS,
    STANCES,
    ItemKind,
    bears_name,
    column_conditions,
    day_bounds,
    feed_conditions,
    has_name,
    item_kind,
    name_conditions,
    time_bounds,
    unchanged,
    without_index,
)
from services.results.search_query import Name, PageKey, SearchQuery

_PROBE: Final = 2_000  # rows of each name that are counted to find the rarer one
_DAY_INDEX_COLUMNS: Final = frozenset({"feed", "stance", "score"})  # of ix_stances_day_stories


@dataclass(frozen=True, slots=True)
class Count:
    """The number of stances of one side on one day (days since 1970, UTC)."""

    day: int
    stance: StanceLabel
    number: int


def find_attributions(database: Database, query: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    """Return a page of rows of ``attributions`` with their job and article, newest first."""
    return _find(database, ATTRIBUTIONS, query, before, limit)


def find_stances(database: Database, query: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    """Return a page of rows of ``stances`` with their job and article, newest first."""
    return _find(database, STANCES, query, before, limit)


def count_stances(database: Database, query: SearchQuery) -> list[Count]:
    """Count stances by day and side. ``since`` and ``until`` must be at the beginning of a day."""
    with reading_for_search(database, long=True) as connection:
        rows = connection.execute(count_query(connection, database, query))
        return [Count(day, StanceLabel(stance), number) for day, stance, number in rows]


def count_articles(database: Database, query: SearchQuery) -> dict[int, int]:
    """Count the indexed articles by day. Of the conditions, only those on feed, time and copies apply."""
    number = coverage.c.articles if query.all_copies else coverage.c.stories
    counts = select(coverage.c.day, func.sum(number)).group_by(coverage.c.day)
    counts = counts.where(*feed_conditions(query, coverage.c.feed), *day_bounds(query, coverage.c.day))
    with reading_for_search(database, long=True) as connection:
        totals = Counter({day: int(number) for day, number in connection.execute(counts)})
        feeds = query.visible_feeds
        if not query.all_copies and feeds is not None:
            firsts = story_leads.count_other_firsts(feeds).where(*day_bounds(query, indexed_results.c.day))
            totals.update({row.day: row.firsts for row in connection.execute(firsts)})
    return dict(totals)


def find_in_results(
    database: Database, kind: str, query: SearchQuery, sequences: Sequence[int], limit: int
) -> Sequence[Any]:
    """Return at most ``limit`` rows of ``kind`` ("attributions" or "stances") in these results, oldest result first.

    The rows have the columns of a search. The rows of the results drive the query, however common a name is.
    """
    with database.read() as connection:
        return connection.execute(in_results_query(database, kind, query, sequences, limit)).all()


def in_results_query(
    database: Database, kind: str, query: SearchQuery, sequences: Sequence[int], limit: int
) -> Select[Any]:
    """Return the SQL of `find_in_results`, to look at its plan."""
    items = item_kind(kind)
    table = items.table
    wrap = without_index if database.dialect == "sqlite" else unchanged
    conditions = [
        table.c.sequence.in_(sequences),
        *time_bounds(query, wrap(table.c.at)),
        *column_conditions(table, query, wrap, wrap),
        *(bears_name(items, name) for name in query.names),
    ]
    if query.phrases:
        row_ids = (min(sequences) * ID_STEP, (max(sequences) + 1) * ID_STEP)
        conditions.append(full_text.matches(database.dialect, items.text, query.phrases, row_ids))
    page = select(table).where(*conditions).order_by(table.c.id).limit(limit).subquery()
    return _with_article(page, table).order_by(table.c.id)


def page_query(
    connection: Connection, database: Database, kind: str, query: SearchQuery, before: PageKey | None, limit: int
) -> Select[Any, Any]:
    """Return the SQL of a page of ``kind`` ("attributions" or "stances"), to look at its plan."""
    return _page(connection, database, item_kind(kind), query, before, limit)


def count_query(connection: Connection, database: Database, query: SearchQuery) -> Select[Any]:
    """Return the SQL of a timeline, to look at its plan."""
    rows, _, _ = _matching_rows(connection, database, STANCES, query, by_day=True)
    return rows.with_only_columns(stances.c.day, stances.c.stance, func.count()).group_by(
        stances.c.day, stances.c.stance
    )


def _find(database: Database, kind: ItemKind, query: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    with reading_for_search(database, long=True) as connection:
        page = _page(connection, database, kind, query, before, limit).subquery()
        rows = _with_article(page, kind.table).order_by(page.c.at.desc(), page.c.id.desc())
        return connection.execute(rows).all()


def _with_article(page: Subquery, table: Table) -> Select[Any]:
    """Select the rows of ``table`` whose IDs ``page`` has, with their job and article."""
    article_columns = [articles.c[name] for name in ("guid", "title", "url", "published_at", "story_id")]
    return (
        select(table, results.c.job_id, articles.c.id.label("article_id"), *article_columns)
        .select_from(page)
        .join(table, table.c.id == page.c.id)
        .join(indexed_results, indexed_results.c.sequence == table.c.sequence)
        .join(results, results.c.sequence == table.c.sequence)
        .join(articles, articles.c.id == indexed_results.c.article_id)
    )


def _page(
    connection: Connection, database: Database, kind: ItemKind, query: SearchQuery, before: PageKey | None, limit: int
) -> Select[Any, Any]:
    rows, at, row_id = _matching_rows(connection, database, kind, query)
    if before is not None:
        rows = rows.where(at <= before.at, tuple_(at, row_id) < tuple_(before.at, before.id))
    return rows.order_by(at.desc(), row_id.desc()).limit(limit)


def _matching_rows(
    connection: Connection, database: Database, kind: ItemKind, query: SearchQuery, *, by_day: bool = False
) -> tuple[Select[Any, Any], ColumnElement[int], ColumnElement[int]]:
    """Select the ID and time of matching rows. Return the query, and the columns of time and ID to order it by.

    The index of names drives the query if a name is given, with the rarer of two names first; otherwise the full-text
    index if text is given; otherwise the index of a column, in the order of time.
    """
    table, planner_chooses = kind.table, database.dialect != "sqlite"
    names = [
        replace(name, exact=query.exact or name.exact or is_whole_name(connection, name.keys)) for name in query.names
    ]
    if len(names) > 1:
        names.sort(key=lambda name: _count_bearers(connection, kind, name))
    at: ColumnElement[int] = table.c.at
    row_id: ColumnElement[int] = table.c.id
    rows: Select[Any, Any] = select(row_id, at)
    is_driven = bool(names or query.phrases)
    if names and len(names[0].keys) == 1:
        driving = kind.names.alias("driving")
        at, row_id = driving.c.at, driving.c[kind.owner.name]
        rows = select(row_id.label("id"), at.label("at")).select_from(driving.join(table, table.c.id == row_id))
        rows = rows.where(*name_conditions(driving, names.pop(0)))
    elif is_driven and not planner_chooses:
        at = without_index(at)
        rows = select(row_id, at.label("at"))
    for name in names:
        rows = rows.where(has_name(kind, name))
    if query.phrases:
        rows = rows.where(full_text.matches(database.dialect, kind.text, query.phrases))
    if by_day and not is_driven and {*query.equal, *query.at_least} <= _DAY_INDEX_COLUMNS:
        rows = rows.where(*day_bounds(query, table.c.day))  # ix_stances_day has all columns that are needed
    else:
        rows = rows.where(*time_bounds(query, at))
    not_indexed = unchanged if planner_chooses else without_index
    return (
        rows.where(*column_conditions(table, query, not_indexed if is_driven else unchanged, not_indexed)),
        at,
        row_id,
    )


def _count_bearers(connection: Connection, kind: ItemKind, name: Name) -> int:
    """Count the rows of a name, up to ``_PROBE``."""
    rows = select(kind.owner).where(*name_conditions(kind.names, name)).limit(_PROBE).subquery()
    return connection.execute(select(func.count()).select_from(rows)).scalar_one()
