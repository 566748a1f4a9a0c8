"""The generated part of docs/capacity.md: from processor time and bytes of an article to machines for many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.benchmarks.page import latest, table

Figures = Mapping[str, Any]
ARTICLES_A_DAY: Final = (1_000_000, 10_000_000, 100_000_000)
PEAK: Final = 2.0  # the busiest hour over the mean
BUSY: Final = 0.7  # of a core, so that queues stay short
RESULT_DAYS: Final = 30  # retention.results_days; bodies go earlier, articles' rows later
_DAY_S: Final = 86_400
_WORKERS: Final = ("worker", "worker child")
_API: Final = ("api", "deliverer", "sweeper")


def tables(history: Sequence[Figures], ledger: Sequence[Figures]) -> str:
    """Return the tables, from the newest measurement with PostgreSQL, or without one from that of SQLite."""
    measured = latest(history)[-1]
    head = ["", *(f"{count // 1_000_000} million a day" for count in ARTICLES_A_DAY)]
    intro = (
        f"From the measurement of {measured['measured_at'][:10]} ({measured['machine']['processor']}, "
        f"{measured['database']}). Cores are of that machine: {PEAK:g} times the mean load at {BUSY:.0%} use."
    )
    parts = [intro, table(head, rows(measured))]
    if ledger:
        parts += [_commits(ledger[-1]), table(head, wall_rows(ledger[-1]))]
    return "\n\n".join(parts)


def rows(measured: Figures) -> list[list[str]]:
    """Return the rows of the table of machines."""
    kinds = measured["kinds"]

    def cores(names: Sequence[str], rate: float) -> float:
        cpu_ms: float = sum(kinds[name]["cpu_ms_per_article"] for name in names if name in kinds)
        return PEAK * rate * cpu_ms / 1000 / BUSY

    child_mb = kinds["worker child"]["pss_mb"] or kinds["worker child"]["rss_mb"]
    child_mb /= kinds["worker child"]["processes"]
    rates = [count / _DAY_S for count in ARTICLES_A_DAY]
    worker_cores = [math.ceil(cores(_WORKERS, rate)) for rate in rates]
    # In and out of the API, in and out of the database for the worker, and the result with its index.
    bytes_moved = 3 * measured["pushed_bytes_per_article"] + 2 * measured["stored_bytes_per_article"]
    stored = measured["stored_bytes_per_article"]
    return [
        ["articles a second, mean / peak", *(f"{rate:,.0f} / {PEAK * rate:,.0f}" for rate in rates)],
        ["worker cores", *(f"{count:,}" for count in worker_cores)],
        ["worker memory", *(f"{count * child_mb / 1000:,.0f} GB" for count in worker_cores)],
        ["machines of 32 cores for workers", *(f"{math.ceil(count / 32):,}" for count in worker_cores)],
        ["cores for API, sweeper and deliverer", *(f"{cores(_API, rate):,.1f}" for rate in rates)],
        ["cores of PostgreSQL", *(f"{cores(['postgresql'], rate):,.1f}" for rate in rates)],
        ["cores of Redis", *(f"{cores(['redis'], rate):,.2f}" for rate in rates)],
        [
            f"disk for {RESULT_DAYS} days",
            *(f"{count * RESULT_DAYS * stored / 1e12:,.1f} TB" for count in ARTICLES_A_DAY),
        ],
        ["written a day, with the log", *(f"{2 * count * stored / 1e12:,.2f} TB" for count in ARTICLES_A_DAY)],
        ["network at the peak", *(f"{PEAK * rate * bytes_moved * 8 / 1e6:,.0f} Mbit/s" for rate in rates)],
    ]


def _commits(ledger: Figures) -> str:
    raw = table(
        ["writers", "commits/s, a row each", "commits/s, the same row"],
        [[str(row["writers"]), f"{row['own_row']:,.0f}", f"{row['same_row']:,.0f}"] for row in ledger["commits"]],
    )
    return f"The row that numbers results, on PostgreSQL ({ledger['measured_at'][:10]}): {raw_intro(ledger)}\n\n{raw}"


def raw_intro(ledger: Figures) -> str:
    """Return how long the row is held when a result is stored."""
    return (
        f"a result holds it for {ledger['hold_ms']:.1f} ms (median), in which there are "
        f"{ledger['round_trips']} round trips, of {ledger['complete_ms']:.1f} ms that storing it takes."
    )


def wall_rows(ledger: Figures) -> list[list[str]]:
    """Return how much of the row's time each load needs at its peak, for databases near and far."""
    rates = [PEAK * count / _DAY_S for count in ARTICLES_A_DAY]
    cells = []
    for name, trip_ms in (("on the same machine", 0.0), ("at 0.2 ms a round trip", 0.2), ("at 1 ms", 1.0)):
        hold_s = (ledger["hold_ms"] + trip_ms * ledger["round_trips"]) / 1000
        label = f"the row is held, {name} (at most {1 / hold_s:,.0f} results/s)"
        cells.append([label, *(f"{rate * hold_s:.0%} of the time" for rate in rates)])
    return cells
