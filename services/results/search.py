"""Searches for attributions and stances across articles, newest first.

Every query is driven by an index. On SQLite, which has no statistics unless ``ANALYZE`` is run, :func:`_matching_rows`
chooses the index: a unary plus keeps a column out of all other indexes. PostgreSQL's planner chooses for itself.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, Subquery, Table, exists, false, func, select, tuple_
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from services.contracts import StanceLabel
from services.database.engine import Database
from services.database.tables import (
    ID_STEP,
    articles,
    attribution_names,
    attributions,
    coverage,
    indexed_results,
    results,
    stance_names,
    stances,
)
from services.results import full_text, story_leads
from services.results.entities import is_whole_name
from services.results.search_index import DAY_MS

_PROBE: Final = 2_000  # rows of each name that are counted to find the rarer one
_DAY_INDEX_COLUMNS: Final = frozenset({"feed", "stance", "score"})  # of ix_stances_day_stories


@dataclass(frozen=True, slots=True)
class Name:
    """A name to search for: its role in the item (``HOLDER`` or ``TARGET``), and its keys, of which any may match.

    ``exact``: only as a whole name, not as the beginning of the name of a body.
    """

    role: str
    keys: tuple[str, ...]
    exact: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """The conditions that items must meet, all of them. Without any, all items match.

    names: names that the item must have.
    exact: whether all names must match as whole names.
    attributed: leave out stances that do not come from an attribution. Has no effect on attributions.
    equal: column and value.
    at_least: column and least value.
    feed: the feed, or None for all.
    feeds: the feeds that the caller may see, or None for all.
    since, until: bounds of the time in milliseconds since 1970; ``since`` is inclusive, ``until`` exclusive.
    phrases: words and phrases that the text must contain (`full_text.phrases`).
    all_copies: whether every copy of a story counts; otherwise the first copy of each story among these feeds.
    """

    names: tuple[Name, ...] = ()
    exact: bool = False
    attributed: bool = False
    equal: Mapping[str, str] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    feed: str | None = None
    feeds: frozenset[str] | None = None
    since: int | None = None
    until: int | None = None
    phrases: full_text.Phrases = ()
    all_copies: bool = False


@dataclass(frozen=True, slots=True)
class PageKey:
    """The time and the ID of the last item of a page. The next page begins after it."""

    at: int
    id: int


@dataclass(frozen=True, slots=True)
class Count:
    """The number of stances of one side on one day (days since 1970, UTC)."""

    day: int
    stance: StanceLabel
    number: int


@dataclass(frozen=True, slots=True)
class _ItemKind:
    """The table of attributions or stances, that of their names with its reference, and the column with the text."""

    table: Table
    names: Table
    owner: Column[Any]
    text: Column[Any]


_ColumnWrapper = Callable[[ColumnElement[Any]], ColumnElement[Any]]
_ATTRIBUTIONS: Final = _ItemKind(
    attributions, attribution_names, attribution_names.c.attribution_id, attributions.c.content
)
_STANCES: Final = _ItemKind(stances, stance_names, stance_names.c.stance_id, stances.c.evidence)


def find_attributions(database: Database, query: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    """Return a page of rows of ``attributions`` with their job and article, newest first."""
    return _find(database, _ATTRIBUTIONS, query, before, limit)


def find_stances(database: Database, query: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    """Return a page of rows of ``stances`` with their job and article, newest first."""
    return _find(database, _STANCES, query, before, limit)


def count_stances(database: Database, query: SearchQuery) -> list[Count]:
    """Count stances by day and side. ``since`` and ``until`` must be at the beginning of a day."""
    with database.read(long=True) as connection:
        rows = connection.execute(count_query(connection, database, query))
        return [Count(day, StanceLabel(stance), number) for day, stance, number in rows]


def count_articles(database: Database, query: SearchQuery) -> dict[int, int]:
    """Count the indexed articles by day. Of the conditions, only those on feed, time and copies apply."""
    number = coverage.c.articles if query.all_copies else coverage.c.stories
    counts = select(coverage.c.day, func.sum(number)).group_by(coverage.c.day)
    counts = counts.where(*_feed_conditions(query, coverage.c.feed), *_day_bounds(query, coverage.c.day))
    with database.read(long=True) as connection:
        totals = Counter({day: int(number) for day, number in connection.execute(counts)})
        feeds = _visible_feeds(query)
        if not query.all_copies and feeds is not None:
            firsts = story_leads.count_other_firsts(feeds).where(*_day_bounds(query, indexed_results.c.day))
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
    items = _kind(kind)
    table = items.table
    wrap = _without_index if database.dialect == "sqlite" else _unchanged
    bounds = ((operator.ge, query.since), (operator.lt, query.until))
    conditions = [
        table.c.sequence.in_(sequences),
        *(compare(wrap(table.c.at), bound) for compare, bound in bounds if bound is not None),
        *_column_conditions(table, query, wrap, wrap),
        *(_bears_name(items, name) for name in query.names),
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
    return _page(connection, database, _kind(kind), query, before, limit)


def count_query(connection: Connection, database: Database, query: SearchQuery) -> Select[Any]:
    """Return the SQL of a timeline, to look at its plan."""
    rows, _, _ = _matching_rows(connection, database, _STANCES, query, by_day=True)
    return rows.with_only_columns(stances.c.day, stances.c.stance, func.count()).group_by(
        stances.c.day, stances.c.stance
    )


def _find(database: Database, kind: _ItemKind, query: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    with database.read(long=True) as connection:
        page = _page(connection, database, kind, query, before, limit).subquery()
        rows = _with_article(page, kind.table).order_by(page.c.at.desc(), page.c.id.desc())
        return connection.execute(rows).all()


def _kind(name: str) -> _ItemKind:
    return _ATTRIBUTIONS if name == "attributions" else _STANCES


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
    connection: Connection, database: Database, kind: _ItemKind, query: SearchQuery, before: PageKey | None, limit: int
) -> Select[Any, Any]:
    rows, at, row_id = _matching_rows(connection, database, kind, query)
    if before is not None:
        rows = rows.where(at <= before.at, tuple_(at, row_id) < tuple_(before.at, before.id))
    return rows.order_by(at.desc(), row_id.desc()).limit(limit)


def _matching_rows(
    connection: Connection, database: Database, kind: _ItemKind, query: SearchQuery, *, by_day: bool = False
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
        rows = rows.where(*_name_conditions(driving, names.pop(0)))
    elif is_driven and not planner_chooses:
        at = _without_index(at)
        rows = select(row_id, at.label("at"))
    for name in names:
        rows = rows.where(_has_name(kind, name))
    if query.phrases:
        rows = rows.where(full_text.matches(database.dialect, kind.text, query.phrases))
    if by_day and not is_driven and {*query.equal, *query.at_least} <= _DAY_INDEX_COLUMNS:
        rows = rows.where(*_day_bounds(query, table.c.day))  # ix_stances_day has all columns that are needed
    else:
        bounds = ((operator.ge, query.since), (operator.lt, query.until))
        rows = rows.where(*(compare(at, bound) for compare, bound in bounds if bound is not None))
    not_indexed = _unchanged if planner_chooses else _without_index
    return (
        rows.where(*_column_conditions(table, query, not_indexed if is_driven else _unchanged, not_indexed)),
        at,
        row_id,
    )


def _has_name(kind: _ItemKind, name: Name) -> ColumnElement[bool]:
    if len(name.keys) > 1:
        return kind.table.c.id.in_(select(kind.owner).where(*_name_conditions(kind.names, name)))
    return _bears_name(kind, name)


def _bears_name(kind: _ItemKind, name: Name) -> ColumnElement[bool]:
    """Return the condition that an item has a name, looked up for each item."""
    names = kind.names.alias()
    same_item = (names.c[kind.owner.name] == kind.table.c.id, names.c.at == kind.table.c.at)
    return exists().where(*_name_conditions(names, name), *same_item)


def _name_conditions(names: Any, name: Name) -> list[ColumnElement[bool]]:
    conditions = [names.c.key == name.keys[0] if len(name.keys) == 1 else names.c.key.in_(name.keys)]
    if name.exact:
        conditions.append(names.c.exact)
    return [names.c.role == name.role, *conditions] if "role" in names.c else conditions


def _count_bearers(connection: Connection, kind: _ItemKind, name: Name) -> int:
    """Count the rows of a name, up to ``_PROBE``."""
    rows = select(kind.owner).where(*_name_conditions(kind.names, name)).limit(_PROBE).subquery()
    return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def _column_conditions(
    table: Table, query: SearchQuery, wrap: _ColumnWrapper, wrap_feeds: _ColumnWrapper
) -> list[ColumnElement[bool]]:
    """Return the conditions on columns of the items. ``wrap`` is applied to columns that begin an index.

    ``wrap_feeds`` is applied to the feed instead if several feeds are searched, which are read along the time.
    """
    conditions: list[ColumnElement[bool]] = [wrap(table.c[column]) == value for column, value in query.equal.items()]
    conditions += _feed_conditions(query, (wrap_feeds if query.feed is None else wrap)(table.c.feed))
    conditions += [table.c[column] >= value for column, value in query.at_least.items()]
    if query.attributed and "attribution" in table.c:
        conditions.append(table.c.attribution.is_not(None))
    if not query.all_copies:
        conditions.append(story_leads.leads_story(table, _visible_feeds(query)))
    return conditions


def _visible_feeds(query: SearchQuery) -> frozenset[str] | None:
    """Return the feeds that are searched, or None for all."""
    if query.feed is None:
        return query.feeds
    return frozenset({query.feed}) if query.feeds is None else query.feeds & {query.feed}


def _feed_conditions(query: SearchQuery, feed: ColumnElement[str]) -> list[ColumnElement[bool]]:
    if query.feed is not None:
        return [feed == query.feed if query.feeds is None or query.feed in query.feeds else false()]
    return [] if query.feeds is None else [feed.in_(sorted(query.feeds))]


def _day_bounds(query: SearchQuery, day: ColumnElement[int]) -> list[ColumnElement[bool]]:
    bounds = ((operator.ge, query.since), (operator.lt, query.until))
    return [compare(day, bound // DAY_MS) for compare, bound in bounds if bound is not None]


def _unchanged(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return column


def _without_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the column with a unary plus, for which SQLite uses no index."""
    return UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)
