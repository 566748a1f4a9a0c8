"""Times the questions for entities on a store of many names: ``python -m tests.scale.entities``."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from sqlalchemy import insert, text

from services.contracts import EntityType
from services.database.engine import Database
from services.database.tables import TOTAL, entities, entity_words
from services.results import entities as entity_search
from services.results.entities import EntityKey, EntityQuery, counts_of, find
from tests.scale.__main__ import store, timed
from tests.support.plans import plan

_SYLLABLES: Final = (
    "ba", "ber", "co", "da", "del", "fi", "gar", "ha", "in", "ka", "lo", "mar", "ni", "or", "pe", "ro", "sal", "ta",
    "tor", "ul", "van", "wi", "yo", "zen",
)  # fmt: skip
_BODIES: Final = ("bank", "energy", "group", "union", "ministry", "party", "university", "council")
_PAGE: Final = 5_000
_FEEDS: Final = 20
_LIMIT: Final = 21  # a page of the API, and one more

QUESTIONS: Final[dict[str, EntityQuery]] = {
    "nothing": EntityQuery(),
    "type": EntityQuery(type=EntityType.ORGANIZATION),
    "role": EntityQuery(part="speaker"),
    "one letter": EntityQuery("b"),
    "two letters": EntityQuery("be"),
    "three letters": EntityQuery("ber"),
    "long beginning": EntityQuery("bermarzen"),
    "nobody": EntityQuery("qqq"),
    "word of many bodies": EntityQuery("bank"),
    "two beginnings": EntityQuery("ber mar"),
    "beginnings, one of many": EntityQuery("mar univ"),
    "beginning and role": EntityQuery("ber", part="speaker"),
    "beginning and type": EntityQuery("ber", type=EntityType.ORGANIZATION),
    "feeds of a key": EntityQuery(feeds=frozenset({"feed3", "feed17"})),
    "feeds of a key, beginning": EntityQuery("ber", feeds=frozenset({"feed3", "feed17"})),
    "feed that names few, beginning": EntityQuery("ber", feeds=frozenset({"feed19"})),
}


def word(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((2, 2, 3))))


def fill(database: Database, number: int, seed: int = 1) -> Iterator[int]:
    """Store ``number`` names with their counts, of all feeds and of one or two each; yields how many there are."""
    chance = random.Random(seed)  # noqa: S311 -- data to measure on
    known: set[str] = set()
    while len(known) < number:
        rows: list[dict[str, Any]] = []
        words: list[dict[str, str]] = []
        for _ in range(min(_PAGE, number - len(known))):
            is_body = chance.random() < 0.3
            name = f"{word(chance)} {chance.choice(_BODIES) if is_body else word(chance)} {word(chance)}"
            if name in known:
                continue
            known.add(name)
            words += [{"word": each, "key": name} for each in set(name.split())]
            kind = EntityType.ORGANIZATION if is_body else EntityType.PERSON
            rows += _counts(name, kind, chance)
        with database.write() as connection:
            connection.execute(insert(entities), rows)
            connection.execute(insert(entity_words), words)
        yield len(known)


def _counts(name: str, kind: EntityType, chance: random.Random) -> Iterator[dict[str, Any]]:
    feeds = {f"feed{min(_FEEDS - 1, int(chance.expovariate(0.3)))}" for _ in range(chance.choice((1, 1, 2)))}
    for feed in (TOTAL, *feeds):
        articles = int(chance.paretovariate(0.8))
        said = articles if chance.random() < 0.3 else 0
        counted = {"articles": articles, "attributions": said, "held": said // 2, "targeted": articles // 3}
        yield {"key": name, "type": kind, "feed": feed, "name": name.title()} | counted


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scale.entities", description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--plans", action="store_true", help="print the plans, too")
    arguments = parser.parse_args()
    with store(postgresql=arguments.postgresql) as database:
        began = time.perf_counter()
        stored = max(fill(database, arguments.names))
        print(f"{stored} names in {time.perf_counter() - began:.0f} s, {database.dialect}")
        if database.dialect == "postgresql":  # what autovacuum does in time
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("VACUUM ANALYZE"))
        report(database, plans=arguments.plans)


def report(database: Database, *, plans: bool) -> None:
    print(f"{'question':32} {'page':>17} {'page behind':>17}   median / slowest, ms")
    for name, query in QUESTIONS.items():
        first = find(database, query, None, _LIMIT)
        row = [timed(partial(find, database, query, None, _LIMIT))]
        if len(first) == _LIMIT:
            last: EntityKey = first[-1].id
            row.append(timed(partial(find, database, query, last, _LIMIT)))
        print(f"{name:32} " + " ".join(f"{cell:>17}" for cell in row))
        if plans:
            _print_plans(database, query)
    some = find(database, EntityQuery(), None, 1)[0].id.key
    print(f"{'counts of one name':32} {timed(partial(counts_of, database, some, None)):>17}")


def _print_plans(database: Database, query: EntityQuery) -> None:
    words = entity_search._words(query.text)
    with database.read() as connection:
        for page in entity_search.pages(connection, query, words, None, _LIMIT):
            for step in plan(connection, page):
                print(f"    {step}")


if __name__ == "__main__":
    main()
