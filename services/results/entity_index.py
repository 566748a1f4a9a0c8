"""The entities of an indexed result as rows: who is named in it, and in which part."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from sqlalchemy import Connection, insert
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts import EntityType, Result
from services.database.tables import article_entities, entity_words
from services.results.name_keys import normalise

ENTITIES_MAX: Final = 300  # of an article, so that a hostile one cannot flood the index
NAME_MAX: Final = 200  # characters
WORD_MAX: Final = 60
_QUANTITIES: Final = frozenset({EntityType.DATE, EntityType.MONEY})  # nobody looks for them by name
# Issues are not indexed at all: "the deal" is another deal in every article.


_NEW_WORDS: Final = {
    "sqlite": sqlite.insert(entity_words).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(entity_words).on_conflict_do_nothing(),
}
_NEW_ENTITIES: Final = insert(article_entities)


def add(connection: Connection, sequence: int, feed: str, rows: list[dict[str, Any]]) -> None:
    """Insert the entities of a result, as `rows_of` returns them."""
    if not rows:
        return
    words = {(word[:WORD_MAX], row["key"]) for row in rows for word in row["key"].split()}
    connection.execute(_NEW_WORDS[connection.dialect.name], [{"word": word, "key": key} for word, key in sorted(words)])
    connection.execute(_NEW_ENTITIES, [{"sequence": sequence, "feed": feed, **row} for row in rows])


def rows_of(result: Result) -> list[dict[str, Any]]:
    """Return the entities of a result without its number and feed, up to ``ENTITIES_MAX``, those with a part first.

    They are in a fixed order, as the triggers lock the sums of each entity.
    """
    said = Counter(item.source.entity for item in result.attributions if item.source and item.source.entity)
    held = Counter(stance.holder for stance in result.stances if stance.holder)
    targeted = Counter(stance.target.entity for stance in result.stances if stance.target.entity)
    rows: dict[tuple[str, EntityType], dict[str, Any]] = {}
    for entity in result.entities:
        counts = {
            "attributions": said[entity.id],
            "held": held[entity.id],
            "targeted": targeted[entity.id],
        }
        key = normalise(entity.name)
        if not key or entity.type is EntityType.ISSUE or (entity.type in _QUANTITIES and not any(counts.values())):
            continue
        new = {"key": key, "type": entity.type, "name": entity.name[:NAME_MAX], **dict.fromkeys(counts, 0)}
        row = rows.setdefault((key, entity.type), new)
        for name, count in counts.items():
            row[name] += count
    kept = sorted(rows.values(), key=lambda row: -row["attributions"] - row["held"] - row["targeted"])[:ENTITIES_MAX]
    return sorted(kept, key=lambda row: (row["key"], row["type"]))
