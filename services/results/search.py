"""Who said what, and where they stand, asked across articles. Every question goes by an index, which :func:`_driven` chooses.

On SQLite, which keeps no statistics unless told to, the choice is made here: a unary plus keeps every other index out of it. On
PostgreSQL the planner knows better. Pages are in the order of time, newest first, and begin after a :class:`Place`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, exists, false, func, select, tuple_
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from services.contracts import Act, StanceLabel
from services.database.engine import Database
from services.database.tables import (
    articles,
    attribution_names,
    attributions,
    coverage,
    indexed_results,
    results,
    stance_names,
    stances,
)
from services.results import full_text
from services.results.search_index import DAY_MS

_PROBE: Final = 2_000  # how far the bearers of two names are counted, to begin with the rarer


@dataclass(frozen=True, slots=True)
class Name:
    """A name to look for: its keys, and in which role."""

    role: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is asked for; None asks nothing. Times are milliseconds since 1970, ``since`` inclusive, ``until`` exclusive.

    ``feeds`` are those that the caller may see, None for all. ``spoken`` leaves out stances that no attribution shows.
    """

    names: tuple[Name, ...] = ()
    spoken: bool = False
    topic: str | None = None
    stance: StanceLabel | None = None
    act: Act | None = None
    feed: str | None = None
    feeds: frozenset[str] | None = None
    since: int | None = None
    until: int | None = None
    min_score: float | None = None
    phrases: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page ended."""

    at: int
    id: int


@dataclass(frozen=True, slots=True)
class Count:
    """Stances of one day (days since 1970, UTC)."""

    day: int
    stance: StanceLabel
    number: int


@dataclass(frozen=True, slots=True)
class _Kind:
    table: Table
    names: Table
    owner: Column[Any]
    text: Column[Any]


_Write = Callable[[ColumnElement[Any]], ColumnElement[Any]]
_ATTRIBUTIONS: Final = _Kind(
    attributions, attribution_names, attribution_names.c.attribution_id, attributions.c.content
)
_STANCES: Final = _Kind(stances, stance_names, stance_names.c.stance_id, stances.c.evidence)


def find_attributions(database: Database, wanted: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    """Rows of ``attributions`` with the job and article they are of, newest first."""
    return _find(database, _ATTRIBUTIONS, wanted, before, limit)


def find_stances(database: Database, wanted: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    """Rows of ``stances`` with the job and article they are of, newest first."""
    return _find(database, _STANCES, wanted, before, limit)


def count_stances(database: Database, wanted: SearchQuery) -> list[Count]:
    """Stances by day and side; ``since`` and ``until`` have to be whole days."""
    with database.read() as connection:
        rows = connection.execute(count_query(connection, database, wanted))
        return [Count(day, StanceLabel(stance), number) for day, stance, number in rows]


def count_articles(database: Database, wanted: SearchQuery) -> dict[int, int]:
    """Articles that can be found, by day, of the feeds that are asked for."""
    query = select(coverage.c.day, func.sum(coverage.c.articles)).group_by(coverage.c.day)
    query = query.where(*_visible(wanted, coverage.c.feed), *_days(wanted, coverage.c.day))
    with database.read() as connection:
        return {day: int(number) for day, number in connection.execute(query)}


def page_query(
    connection: Connection, database: Database, kind: str, wanted: SearchQuery, before: PageKey | None, limit: int
) -> Select[Any, Any]:
    """The statement behind a page of ``kind`` ("attributions" or "stances"), for those who want to see its plan."""
    return _page(connection, database, _ATTRIBUTIONS if kind == "attributions" else _STANCES, wanted, before, limit)


def count_query(connection: Connection, database: Database, wanted: SearchQuery) -> Select[Any]:
    """The statement behind a timeline, for those who want to see its plan."""
    query, _, _ = _driven(connection, database, _STANCES, wanted, by_day=True)
    return query.with_only_columns(stances.c.day, stances.c.stance, func.count()).group_by(
        stances.c.day, stances.c.stance
    )


def _find(database: Database, kind: _Kind, wanted: SearchQuery, before: PageKey | None, limit: int) -> Sequence[Any]:
    with database.read() as connection:
        page = _page(connection, database, kind, wanted, before, limit).subquery()
        table = kind.table
        of_article = (articles.c.guid, articles.c.title, articles.c.url, articles.c.published_at)
        query = (
            select(table, results.c.job_id, articles.c.id.label("article_id"), *of_article)
            .select_from(page)
            .join(table, table.c.id == page.c.id)
            .join(indexed_results, indexed_results.c.sequence == table.c.sequence)
            .join(results, results.c.sequence == table.c.sequence)
            .join(articles, articles.c.id == indexed_results.c.article_id)
            .order_by(page.c.at.desc(), page.c.id.desc())
        )
        return connection.execute(query).all()


def _page(
    connection: Connection, database: Database, kind: _Kind, wanted: SearchQuery, before: PageKey | None, limit: int
) -> Select[Any, Any]:
    query, at, key = _driven(connection, database, kind, wanted)
    if before is not None:
        query = query.where(at <= before.at, tuple_(at, key) < tuple_(before.at, before.id))
    return query.order_by(at.desc(), key.desc()).limit(limit)


def _driven(
    connection: Connection, database: Database, kind: _Kind, wanted: SearchQuery, *, by_day: bool = False
) -> tuple[Select[Any, Any], ColumnElement[int], ColumnElement[int]]:
    """The rows that are wanted, and the columns of time and ID to order them by.

    A name drives where one is asked for, the rarer of two; else the text; else the index of a column, in the order of time.
    """
    table, plain = kind.table, database.dialect != "sqlite"
    names = (
        sorted(wanted.names, key=lambda name: _number(connection, kind, name))
        if len(wanted.names) > 1
        else wanted.names
    )
    first = names[0] if names and len(names[0].keys) == 1 else None
    at: ColumnElement[int] = table.c.at
    key: ColumnElement[int] = table.c.id
    query: Select[Any, Any] = select(key, at)
    chosen = bool(names or wanted.phrases)
    if first is not None:
        alias = kind.names.alias("driving")
        owner = alias.c[kind.owner.name]
        at, key = alias.c.at, owner
        query = select(key.label("id"), at.label("at")).select_from(alias.join(table, table.c.id == owner))
        query = query.where(*_named(alias, first))
    elif chosen and not plain:
        at = _apart(at)
        query = select(key, at.label("at"))
    for name in names[1:] if first is not None else names:
        if len(name.keys) == 1:
            alias = kind.names.alias()
            mine = (alias.c[kind.owner.name] == table.c.id, alias.c.at == table.c.at)
            query = query.where(exists().where(*_named(alias, name), *mine))
        else:
            query = query.where(table.c.id.in_(select(kind.owner).where(*_named(kind.names, name))))
    if wanted.phrases:
        query = query.where(full_text.matches(database.dialect, kind.text, wanted.phrases))
    if by_day and not chosen and wanted.topic is None and wanted.act is None:
        query = query.where(*_days(wanted, table.c.day))  # an index holds all that is left to ask
    else:
        bounds = ((operator.ge, wanted.since), (operator.lt, wanted.until))
        query = query.where(*(compare(at, bound) for compare, bound in bounds if bound is not None))
    apart = _as_it_is if plain else _apart
    return query.where(*_others(table, wanted, apart if chosen else _as_it_is, apart)), at, key


def _named(table: Any, name: Name) -> list[ColumnElement[bool]]:
    keys = table.c.key == name.keys[0] if len(name.keys) == 1 else table.c.key.in_(name.keys)
    return [keys] if "role" not in table.c else [table.c.role == name.role, keys]


def _number(connection: Connection, kind: _Kind, name: Name) -> int:
    some = select(kind.owner).where(*_named(kind.names, name)).limit(_PROBE).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def _others(table: Table, wanted: SearchQuery, keep: _Write, apart: _Write) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = [
        keep(table.c[column]) == value
        for column, value in (("topic", wanted.topic), ("stance", wanted.stance), ("act", wanted.act))
        if value is not None
    ]
    one_feed = wanted.feed is not None  # several are looked for along the time
    asked += _visible(wanted, keep(table.c.feed) if one_feed else apart(table.c.feed))
    if wanted.min_score is not None:
        asked.append(table.c.score >= wanted.min_score)
    if wanted.spoken:
        asked.append(table.c.attribution.is_not(None))
    return asked


def _visible(wanted: SearchQuery, feed: ColumnElement[str]) -> list[ColumnElement[bool]]:
    if wanted.feed is not None:
        return [feed == wanted.feed if wanted.feeds is None or wanted.feed in wanted.feeds else false()]
    return [] if wanted.feeds is None else [feed.in_(sorted(wanted.feeds))]


def _days(wanted: SearchQuery, day: ColumnElement[int]) -> list[ColumnElement[bool]]:
    bounds = ((operator.ge, wanted.since), (operator.lt, wanted.until))
    return [compare(day, bound // DAY_MS) for compare, bound in bounds if bound is not None]


def _as_it_is(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return column


def _apart(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as SQLite takes it for no index."""
    return UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)
