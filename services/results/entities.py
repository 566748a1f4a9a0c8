"""Entities across articles by name, the most named first. Their names are compared as in searches (`name_keys`).

A question finds a name if each of its words begins a word of the name: "norv" finds "Norvane Energy". An entity whose
whole name was asked for comes first. If few names have a word that begins so, these are sorted; if many do, the
entities are read from the most named on, until the page is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, or_, select

from services.contracts import EntityType
from services.database.engine import Database
from services.database.replica import reading_for_search
from services.database.tables import TOTAL, entities, entity_words
from services.errors import InvalidInput
from services.results.entity_index import WORD_MAX
from services.results.name_keys import normalise

_PROBE: Final = 3_000  # names with a word that begins so, above which entities are read from the most named on
_NOT_WIDENED: Final = (EntityType.PERSON, EntityType.LOCATION, EntityType.NORP)
_LAST: Final = "\U0010ffff"  # behind every other character

PARTS: Final = {"speaker": entities.c.attributions, "holder": entities.c.held, "target": entities.c.targeted}


@dataclass(frozen=True, slots=True)
class EntityKey:
    """A normalised name and its type: an entity as far as it can be recognised across articles."""

    key: str
    type: EntityType


@dataclass(frozen=True, slots=True)
class NamedEntity:
    """An entity with its counts: articles that name it, and attributions and stances that it has a part in."""

    id: EntityKey
    name: str
    articles: int
    attributions: int
    held: int
    targeted: int


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """The conditions of a search. ``part`` is a key of `PARTS`; ``feeds`` None stands for all feeds."""

    text: str | None = None
    type: EntityType | None = None
    part: str | None = None
    feeds: frozenset[str] | None = None


def find(database: Database, query: EntityQuery, after: EntityKey | None, limit: int) -> list[NamedEntity]:
    """Return a page of entities behind ``after``. Raises `InvalidInput` for a text or a cursor without use."""
    words = _words(query.text)
    with reading_for_search(database) as connection:
        return _read(connection, pages(connection, query, words, after, limit), query.feeds, limit)


def pages(
    connection: Connection, query: EntityQuery, words: list[str], after: EntityKey | None, limit: int
) -> list[Select[Any]]:
    """Return the queries whose rows, one after the other, make the page: entities of the whole name, and the others."""
    whole = " ".join(words)
    known = _conditions(query)
    if not words:
        return [_page(known, _behind(connection, after), limit)]
    same, others = entities.c.key == whole, entities.c.key != whole
    exact = (
        [] if after is not None and after.key != whole else [_page([*known, same], _behind(connection, after), limit)]
    )
    rest_after = None if after is not None and after.key == whole else after
    longest = max(words, key=len)
    of_word = (entity_words.c.word >= longest, entity_words.c.word < longest + _LAST)
    probe = select(entity_words.c.key).where(*of_word).limit(_PROBE).subquery()
    if connection.execute(select(func.count()).select_from(probe)).scalar_one() < _PROBE:
        matching: list[ColumnElement[bool]] = [entities.c.key.in_(select(entity_words.c.key).where(*of_word))]
    else:
        matching = [_has_word(longest)]
    matching += [_has_word(word) for word in words if word != longest]
    return [*exact, _page([*known, others, *matching], _behind(connection, rest_after), limit)]


def counts_of(database: Database, key: str, feeds: frozenset[str] | None) -> list[NamedEntity]:
    """Return the entities of exactly this normalised name, one for each type, the most named first."""
    with reading_for_search(database) as connection:
        page = _page([entities.c.key == key], None, len(EntityType))
        return _read(connection, [page], feeds, len(EntityType))


def is_whole_name(connection: Connection, keys: Sequence[str]) -> bool:
    """Return whether more articles give this name to a person, place or people than to an organisation.

    Then it is not a beginning: "Washington" is the city, and not "Washington Post".
    """
    whole = (entities.c.key.in_(keys), entities.c.feed == TOTAL)
    sums = select(entities.c.type, func.sum(entities.c.articles)).where(*whole).group_by(entities.c.type)
    articles = {kind: int(number) for kind, number in connection.execute(sums)}
    others = sum(articles.get(kind, 0) for kind in _NOT_WIDENED)
    return others > articles.get(EntityType.ORGANIZATION, 0)


def _words(text: str | None) -> list[str]:
    if text is None:
        return []
    words = [word[:WORD_MAX] for word in normalise(text).split()]
    if not words:
        raise InvalidInput("q", "has no letter or digit")
    return words


def _has_word(word: str) -> ColumnElement[bool]:
    """Return the condition that a word of the key begins so."""
    return (literal(" ") + entities.c.key).contains(f" {word}", autoescape=True)


def _conditions(query: EntityQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.type is not None:
        conditions.append(entities.c.type == query.type)
    if query.feeds is not None:
        seen = entities.alias("seen")
        part = [] if query.part is None else [seen.c[PARTS[query.part].name] > 0]
        same = (seen.c.key == entities.c.key, seen.c.type == entities.c.type, seen.c.feed.in_(sorted(query.feeds)))
        conditions.append(exists().where(*same, *part))
    elif query.part is not None:
        conditions.append(PARTS[query.part] > 0)
    return conditions


def _behind(connection: Connection, after: EntityKey | None) -> ColumnElement[bool] | None:
    """Return the condition of being behind an entity in the order of pages. Raises `InvalidInput` if it is gone."""
    if after is None:
        return None
    last = (entities.c.feed == TOTAL, entities.c.key == after.key, entities.c.type == after.type)
    articles: int | None = connection.execute(select(entities.c.articles).where(*last)).scalar()
    if articles is None:
        raise InvalidInput("cursor", "its entity is no longer named in any article; begin again")
    fewer, equal = entities.c.articles < articles, entities.c.articles == articles
    later = or_(entities.c.key > after.key, (entities.c.key == after.key) & (entities.c.type > after.type))
    return and_(entities.c.articles <= articles, or_(fewer, equal & later))


def _page(conditions: Iterable[ColumnElement[bool]], behind: ColumnElement[bool] | None, limit: int) -> Select[Any]:
    query = select(entities).where(entities.c.feed == TOTAL, *conditions)
    if behind is not None:
        query = query.where(behind)
    return query.order_by(entities.c.articles.desc(), entities.c.key, entities.c.type).limit(limit)


def _read(
    connection: Connection, queries: list[Select[Any]], feeds: frozenset[str] | None, limit: int
) -> list[NamedEntity]:
    rows: list[Any] = []
    for query in queries:
        if len(rows) < limit:
            rows += connection.execute(query).all()
    ids = [EntityKey(row.key, EntityType(row.type)) for row in rows[:limit]]
    if feeds is None:
        return [_entity(entity_id, row) for entity_id, row in zip(ids, rows, strict=False)]
    visible = _of_feeds(connection, ids, feeds)
    return [_entity(entity_id, visible[entity_id]) for entity_id in ids if entity_id in visible]


def _of_feeds(connection: Connection, ids: list[EntityKey], feeds: frozenset[str]) -> dict[EntityKey, Any]:
    """Sum the counts of entities over some feeds."""
    counts = [func.sum(entities.c[name]).label(name) for name in ("articles", "attributions", "held", "targeted")]
    query = (
        select(entities.c.key, entities.c.type, func.max(entities.c.name).label("name"), *counts)
        .where(entities.c.key.in_({entity_id.key for entity_id in ids}), entities.c.feed.in_(sorted(feeds)))
        .group_by(entities.c.key, entities.c.type)
    )
    return {EntityKey(row.key, EntityType(row.type)): row for row in connection.execute(query)}


def _entity(entity_id: EntityKey, row: Any) -> NamedEntity:
    return NamedEntity(entity_id, row.name, row.articles, row.attributions, row.held, row.targeted)
