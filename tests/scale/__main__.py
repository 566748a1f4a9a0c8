"""`make scale`: fill a store with synthetic stances, ask it every kind of question, print times and plans.

SQLite in a folder that is removed afterwards; with ``--postgresql`` a server of its own, started for this. Times
are the median and the slowest of several runs of one question, the database's caches warm.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from services.contracts import Act, StanceLabel
from services.database import migrations
from services.database.engine import Database
from services.results import search
from services.results.full_text import phrases
from services.results.search_index import DAY_MS
from services.results.search_query import Name, PageKey, SearchQuery
from services.settings import Database as DatabaseSettings
from tests.scale.store import NOW, fill, person
from tests.support.plans import plan
from tests.support.postgres import PostgresServer, find_programs

_RUNS: Final = 7


def named(role: str, number: int, *, whole: bool = False) -> Name:
    name = person(number)
    return Name(role, (name if whole else name.split()[-1],))


YEAR: Final = {"since": NOW - 365 * DAY_MS, "until": NOW}
QUARTER: Final = {"since": NOW - 90 * DAY_MS, "until": NOW}
QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    "nothing": {},
    "holder named most": {"names": (named("h", 1),)},
    "holder named seldom": {"names": (named("h", 3_000, whole=True),)},
    "holder with a title": {"names": (Name("h", (f"mr {person(1)}", person(1).split()[-1])),)},
    "holder and target": {"names": (named("h", 1), named("t", 40))},
    "holder and side": {"names": (named("h", 2),), "equal": {"stance": StanceLabel.OPPOSE}},
    "nobody": {"names": (Name("h", ("nobody",)),)},
    "topic": {"equal": {"topic": "topic-7"}},
    "topic, side and a quarter": {"equal": {"topic": "topic-7", "stance": StanceLabel.SUPPORT}, **QUARTER},
    "side": {"equal": {"stance": StanceLabel.SUPPORT}},
    "act": {"equal": {"act": Act.THREATEN}},
    "small feed": {"feed": "feed30"},
    "side, act and small feed": {"equal": {"stance": StanceLabel.OPPOSE, "act": Act.DENY}, "feed": "feed30"},
    "score": {"at_least": {"score": 0.9999}},
    "feeds of a key": {"feeds": frozenset({"feed28", "feed35"})},
    "every copy": {"all_copies": True},
    "a quarter": QUARTER,
    "rare word": {"phrases": phrases("word9001")},
    "common word": {"phrases": phrases("word1")},
    "phrase": {"phrases": phrases('"word1 word2 word3"')},
    "common word and holder": {"phrases": phrases("word2"), "names": (named("h", 3),)},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--stances", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--plans", action="store_true", help="print the plans, too")
    arguments = parser.parse_args()
    with store(postgresql=arguments.postgresql) as database:
        began = time.perf_counter()
        for stored in fill(database, arguments.stances):
            print(f"\r{stored} stances", end="", flush=True)
        print(f" and as many attributions in {time.perf_counter() - began:.0f} s, {database.dialect}")
        if database.dialect == "postgresql":  # what autovacuum does in time
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("VACUUM ANALYZE"))
        report(database, plans=arguments.plans)


@contextmanager
def store(*, postgresql: bool) -> Iterator[Database]:
    if not postgresql:
        with tempfile.TemporaryDirectory(prefix="stancewire-scale-") as folder:
            yield migrated(f"sqlite:///{Path(folder) / 'store.db'}")
        return
    programs = find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL's programs (initdb, postgres) are not installed")
    server = PostgresServer(programs, durable=True)
    server.start()
    try:
        with server.new_database() as url:
            database = migrated(url)
            yield database
            database.dispose()
    finally:
        server.stop()


def migrated(url: str) -> Database:
    database = Database(url, DatabaseSettings(busy_timeout_s=60))
    migrations.upgrade(database)
    return database


def report(database: Database, *, plans: bool) -> None:
    print(f"{'question':28} {'page':>17} {'page behind':>17} {'timeline, year':>17}   median / slowest of {_RUNS}, ms")
    for name, asked in QUESTIONS.items():
        wanted = SearchQuery(**asked)
        over_time = SearchQuery(**(YEAR | asked))
        row = [
            timed(partial(search.find_stances, database, wanted, None, 51)),
            timed(partial(search.find_stances, database, wanted, PageKey(NOW - 200 * DAY_MS, 0), 51)),
            timed(partial(count_over_time, database, over_time)),
        ]
        print(f"{name:28} " + " ".join(f"{cell:>17}" for cell in row))
        if plans:
            with database.read() as connection:
                page = search.page_query(connection, database, "stances", wanted, None, 51)
                for step in plan(connection, page):
                    print(f"    {step}")


def count_over_time(database: Database, query: SearchQuery) -> None:
    search.count_stances(database, query)
    search.count_articles(database, query)


def timed(ask: Callable[[], object]) -> str:
    taken = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(taken):.1f} / {max(taken):.1f}"


if __name__ == "__main__":
    main()
