"""Times retention on a store of many results: ``python -m tests.scale.retention``.

All of it is past its period, and is removed as a sweeper removes it, without the pauses between batches: results with
their search index first, articles with their jobs afterwards. The rate is to be compared with that at which articles
come in, as each of them has to go one day.
"""

from __future__ import annotations

import argparse
import threading
import time

from services.maintenance.retention import Pruned, RetentionRunner
from services.settings import Retention
from tests.scale.__main__ import store
from tests.scale.store import STANCES_AN_ARTICLE, fill

_DAY_S = 86_400


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scale.retention", description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=Retention().batch, help="rows of a transaction")
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    settings = Retention(
        bodies_days=0, superseded_days=0, results_days=0, articles_days=0, deliveries_days=0, keys_days=0,
        batch=arguments.batch, pause_s=0,
    )  # fmt: skip
    with store(postgresql=arguments.postgresql) as database:
        for _ in fill(database, arguments.articles * STANCES_AN_ARTICLE):
            pass
        print(f"{arguments.articles} articles, {STANCES_AN_ARTICLE} statements and stances each, {database.dialect}")
        begins: dict[str, float] = {}
        ends: dict[str, float] = {}

        def note(pruned: Pruned) -> None:
            for kind, number in pruned.items():
                if number == 0:
                    begins[kind] = time.perf_counter()
                if number == arguments.articles:
                    ends.setdefault(kind, time.perf_counter())

        pruned = RetentionRunner(database, settings).run(threading.Event(), note)
        assert pruned["results"] == pruned["articles"] == arguments.articles, pruned
        for kind in ("results", "articles"):
            taken = ends[kind] - begins[kind]
            rate = arguments.articles / taken
            print(f"{kind:9} {taken:6.1f} s  {rate:7.0f} a second, {rate * _DAY_S / 1e6:.1f} million a day")


if __name__ == "__main__":
    main()
