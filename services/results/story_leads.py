"""Which copy represents a story: the first one of all feeds has the mark ``leads_story``, and so have its items.

A search of some feeds sees a story by its first copy in those. That is asked row by row, of the rows without the mark
alone (decision 20).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, exists, func, or_, select
from sqlalchemy.sql.selectable import FromClause

from services.database.tables import indexed_results


def leads_story(table: Table, feeds: frozenset[str] | None) -> ColumnElement[bool]:
    """Return the condition that an item is of the first copy of its story in these feeds; None for all feeds."""
    leads: ColumnElement[bool] = table.c.leads_story
    if feeds is None:
        return leads
    own = indexed_results.alias("own")
    follows = _earlier_copies(own, feeds).where(own.c.sequence == table.c.sequence).correlate(table)
    return or_(leads, ~exists(follows))


def count_other_firsts(feeds: frozenset[str]) -> Select[Any]:
    """Count by day the results that are the first copy of their story in these feeds, and do not have the mark."""
    copies = (~indexed_results.c.leads_story, indexed_results.c.feed.in_(sorted(feeds)))
    follows = _earlier_copies(indexed_results, feeds).correlate(indexed_results)
    day = indexed_results.c.day
    return select(day, func.count().label("firsts")).where(*copies, ~exists(follows)).group_by(day)


def _earlier_copies(own: FromClause, feeds: frozenset[str]) -> Select[Any]:
    """Select the copies in these feeds that come before ``own`` in its story."""
    earlier = indexed_results.alias("earlier")
    comes_before = (earlier.c.story_id == own.c.story_id, earlier.c.copy_order < own.c.copy_order)
    return select(earlier.c.sequence).where(*comes_before, earlier.c.feed.in_(sorted(feeds)))
