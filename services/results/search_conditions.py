"""The conditions of a search in SQL, and the two kinds of items that they are about."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, exists, false, select
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from services.database.tables import (
    attribution_names,
    attributions,
    stance_names,
    stances,
)
from services.results import story_leads
from services.results.search_index import DAY_MS
from services.results.search_query import Name, SearchQuery


@dataclass(frozen=True, slots=True)
class ItemKind:
    """The table of attributions or stances, that of their names with its reference, and the column with the text."""

    table: Table
    names: Table
    owner: Column[Any]
    text: Column[Any]


ColumnWrapper = Callable[[ColumnElement[Any]], ColumnElement[Any]]
ATTRIBUTIONS: Final = ItemKind(
    attributions, attribution_names, attribution_names.c.attribution_id, attributions.c.content
)
STANCES: Final = ItemKind(stances, stance_names, stance_names.c.stance_id, stances.c.evidence)


def item_kind(name: str) -> ItemKind:
    """Return the kind called "attributions" or "stances"."""
    return ATTRIBUTIONS if name == "attributions" else STANCES


def has_name(kind: ItemKind, name: Name) -> ColumnElement[bool]:
    """Return the condition that an item has a name; several keys are looked up once for all items."""
    if len(name.keys) > 1:
        return kind.table.c.id.in_(select(kind.owner).where(*name_conditions(kind.names, name)))
    return bears_name(kind, name)


def bears_name(kind: ItemKind, name: Name) -> ColumnElement[bool]:
    """Return the condition that an item has a name, looked up for each item."""
    names = kind.names.alias()
    same_item = (names.c[kind.owner.name] == kind.table.c.id, names.c.at == kind.table.c.at)
    return exists().where(*name_conditions(names, name), *same_item)


def name_conditions(names: Any, name: Name) -> list[ColumnElement[bool]]:
    """Return the conditions on a row of ``names``, the table of names or an alias of it."""
    conditions = [names.c.key == name.keys[0] if len(name.keys) == 1 else names.c.key.in_(name.keys)]
    if name.exact:
        conditions.append(names.c.exact)
    return [names.c.role == name.role, *conditions] if "role" in names.c else conditions


def column_conditions(
    table: Table, query: SearchQuery, wrap: ColumnWrapper, wrap_feeds: ColumnWrapper
) -> list[ColumnElement[bool]]:
    """Return the conditions on columns of the items. ``wrap`` is applied to columns that begin an index.

    ``wrap_feeds`` is applied to the feed instead if several feeds are searched, which are read along the time.
    """
    conditions: list[ColumnElement[bool]] = [wrap(table.c[column]) == value for column, value in query.equal.items()]
    conditions += feed_conditions(query, (wrap_feeds if query.feed is None else wrap)(table.c.feed))
    conditions += [table.c[column] >= value for column, value in query.at_least.items()]
    if query.attributed and "attribution" in table.c:
        conditions.append(table.c.attribution.is_not(None))
    if not query.all_copies:
        conditions.append(story_leads.leads_story(table, query.visible_feeds))
    return conditions


def feed_conditions(query: SearchQuery, feed: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """Return the condition that the column ``feed`` is searched; no condition if all feeds are."""
    if query.feed is not None:
        return [feed == query.feed if query.feeds is None or query.feed in query.feeds else false()]
    return [] if query.feeds is None else [feed.in_(sorted(query.feeds))]


def time_bounds(query: SearchQuery, at: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Return the bounds of time for a column of milliseconds since 1970."""
    return [compare(at, bound) for compare, bound in _bounds(query)]


def day_bounds(query: SearchQuery, day: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Return the bounds of time as bounds of a day (days since 1970, UTC)."""
    return [compare(day, bound // DAY_MS) for compare, bound in _bounds(query)]


def _bounds(query: SearchQuery) -> list[tuple[Callable[[Any, int], ColumnElement[bool]], int]]:
    bounds = ((operator.ge, query.since), (operator.lt, query.until))
    return [(compare, bound) for compare, bound in bounds if bound is not None]


def unchanged(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the column itself, for the planner to use its index."""
    return column


def without_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the column with a unary plus, for which SQLite uses no index."""
    return UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)
