"""The entities of an indexed result as rows: who is named in it, and in which part."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts import EntityType, Result
from services.database.tables import article_entities, entity_words
from services.results.name_keys import normalise

ENTITIES_MAX: Final = 300  # of an article, so that a hostile one cannot flood the index
NAME_MAX: Final = 200  # characters
WORD_MAX: Final = 60
_QUANTITIES: Final = frozenset({EntityType.DATE, EntityType.MONEY})  # nobody looks for them by name


def add(connection: Connection, sequence: int, feed: str, result: Result) -> None:
    """Insert the entities of a result, those with a part in it first, up to ``ENTITIES_MAX``."""
    rows = _rows(result, {"sequence": sequence, "feed": feed})
    words = {(word[:WORD_MAX], row["key"]) for row in rows for word in row["key"].split()}
    if not rows:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new_words = insert(entity_words).on_conflict_do_nothing()
    connection.execute(new_words, [{"word": word, "key": key} for word, key in sorted(words)])
    # In a fixed order, as the triggers lock the sums of each entity.
    connection.execute(insert(article_entities), sorted(rows, key=lambda row: (row["key"], row["type"])))


def _rows(result: Result, shared: dict[str, Any]) -> list[dict[str, Any]]:
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
        if not key or (entity.type in _QUANTITIES and not any(counts.values())):
            continue
        new = {"key": key, "type": entity.type, "name": entity.name[:NAME_MAX], **shared, **dict.fromkeys(counts, 0)}
        row = rows.setdefault((key, entity.type), new)
        for name, count in counts.items():
            row[name] += count
    return sorted(rows.values(), key=lambda row: -row["attributions"] - row["held"] - row["targeted"])[:ENTITIES_MAX]
