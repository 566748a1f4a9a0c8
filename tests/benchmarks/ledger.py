"""The row that numbers results, on PostgreSQL: how many commits a second it allows, and how long it is held."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import event, text

from services import samples, settings
from services.contracts import Result
from services.database import migrations
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database
from services.jobs import hosts, leases
from services.jobs.hosts import HostRole
from services.settings import Database as DatabaseSettings
from services.stories.linking import TextKeys
from tests.support.ledger import claim_all, push
from workers.text.fingerprints import fingerprint

WRITERS: Final = (1, 2, 4, 8, 16)
SECONDS: Final = 3.0
RESULTS: Final = 200


def measure(url: str) -> dict[str, Any]:
    """Return commits a second by number of writers, and the time for which a result holds the row, in ms."""
    database = Database(url, DatabaseSettings())
    migrations.upgrade(database)
    commits = [
        {"writers": writers, "own_row": _rate(url, writers, same=False), "same_row": _rate(url, writers, same=True)}
        for writers in WRITERS
    ]
    held_ms, total_ms, trips = _hold(database)
    database.dispose()
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commits": commits,
        "hold_ms": statistics.median(held_ms),
        "complete_ms": statistics.median(total_ms),
        "round_trips": statistics.median_low(trips),
    }


def _rate(url: str, writers: int, *, same: bool) -> float:
    context = multiprocessing.get_context("spawn")
    ready, numbers = context.Barrier(writers), context.Queue()
    processes = [
        context.Process(target=_write, args=(url, NO_LABEL if same else f"w{number}", ready, numbers))
        for number in range(writers)
    ]
    for process in processes:
        process.start()
    total = sum(numbers.get() for _ in processes)
    for process in processes:
        process.join()
    return float(total / SECONDS)


def _write(url: str, label: str, ready: Any, numbers: Any) -> None:
    database = Database(url, DatabaseSettings(busy_timeout_s=30))
    with database.read() as connection:
        connection.execute(text("SELECT 1"))
    ready.wait()
    end, commits = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < end:
        with database.write() as connection:
            increment(connection, database, {(CounterName.RESULTS, label): 1})
        commits += 1
    numbers.put(commits)
    database.dispose()


def _hold(database: Database) -> tuple[list[float], list[float], list[int]]:
    """Store results by a single writer; return ms for which the row was held, ms in all, and round trips under it."""
    from workers.pipeline.pipeline import Pipeline

    pipeline = Pipeline(settings.Pipeline(model="rules"))
    mix = samples.load()
    analyses = {article.body: pipeline.analyse(article) for article in mix}
    keys = {body: TextKeys(fingerprint(analysis.text)) for body, analysis in analyses.items()}
    hosts.announce(database, HostRole.WORKER, "benchmark", 8)
    pushed: Sequence[Any] = [
        mix[number % len(mix)].model_copy(update={"guid": f"{number}"}) for number in range(RESULTS)
    ]
    push(database, *pushed)
    taken_at: list[float] = []
    trips = 0

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal trips
        if statement.startswith("INSERT INTO counters") and not taken_at:
            taken_at.append(time.perf_counter())
            trips = 0
        trips += 1

    held, total, counts = [], [], []
    while jobs := claim_all(database):
        for job in jobs:
            result = Result.of(analyses[job.article.body], job.article, job_id=job.job_id, article_id=job.article_id)
            taken_at.clear()
            began = time.perf_counter()
            leases.complete(database, job, result, 0.1, keys=keys[job.article.body])
            ended = time.perf_counter()
            held.append(1000 * (ended - taken_at[0]))
            total.append(1000 * (ended - began))
            counts.append(trips + 1)  # COMMIT
    return held, total, counts
