"""The amounts that each step of a job adds to the ledger's counters, including histograms and quality by feed.

A histogram is stored as one row for each bucket, not cumulative and labelled with its upper bound in seconds, and a
row for the sum. So it outlives every process, and buckets may change without a migration.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from services.contracts import Attribution, JobState, Result
from services.database.counters import NO_LABEL, CounterName, Key

# Seconds. Waits range from none to a day, run times from the shortest article to the longest lease.
WAIT_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
RUN_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0)
BEYOND: Final = "+Inf"
LOW_SCORE: Final = 0.5
_LABEL_MAX: Final = 63


def bucket(value: float, bounds: tuple[float, ...]) -> str:
    """Return the label of the bucket of ``value``: the smallest bound that is not below it."""
    index = bisect_left(bounds, value)
    return str(bounds[index]) if index < len(bounds) else BEYOND


def for_leases(waits_s: Iterable[float]) -> dict[Key, float]:
    """Count started attempts and the wait of each job. A negative wait, after the clock was set back, counts as 0."""
    counts: Counter[Key] = Counter()
    total = 0.0
    for wait in waits_s:
        counts[CounterName.ATTEMPTS, NO_LABEL] += 1
        counts[CounterName.QUEUE_WAIT, bucket(max(0.0, wait), WAIT_BUCKETS)] += 1
        total += max(0.0, wait)
    return {**counts, (CounterName.QUEUE_WAIT_SUM, NO_LABEL): total}


def for_result(feed: str, result: Result, run_s: float | None) -> dict[Key, float]:
    """Count a stored result."""
    attributions = result.attributions
    return {
        (CounterName.FINISHED, JobState.SUCCEEDED.value): 1,
        (CounterName.RESULTS, NO_LABEL): 1,
        (CounterName.WORDS, NO_LABEL): len(result.text.split()),
        (CounterName.ATTRIBUTIONS, NO_LABEL): len(attributions),
        (CounterName.STANCES, NO_LABEL): len(result.stances),
        (CounterName.MODEL_RESULTS, result.pipeline.model[:_LABEL_MAX]): 1,
        (CounterName.FEED_RESULTS, feed): 1,
        (CounterName.FEED_EMPTY, feed): 0 if attributions else 1,
        (CounterName.FEED_ATTRIBUTIONS, feed): len(attributions),
        (CounterName.FEED_UNRESOLVED, feed): sum(_unresolved(attribution) for attribution in attributions),
        (CounterName.FEED_LOW, feed): sum(attribution.score < LOW_SCORE for attribution in attributions),
        **_run(run_s),
    }


def for_failure(feed: str, final: JobState | None, reason: str, run_s: float | None) -> dict[Key, float]:
    """Count an attempt without a result.

    ``final`` is the final state of the job, or None if the job will be tried again.
    """
    counts: dict[Key, float] = {(CounterName.UNSUCCESSFUL, reason[:_LABEL_MAX]): 1, **_run(run_s)}
    if final is not None:
        counts |= {(CounterName.FINISHED, final.value): 1, (CounterName.FEED_FAILED, feed): 1}
    return counts


def for_lost_leases(dead_by_feed: Mapping[str, int], requeued: int) -> dict[Key, float]:
    """Count attempts whose worker was lost; ``dead_by_feed`` counts those that were the last of their jobs."""
    dead = sum(dead_by_feed.values())
    if not dead + requeued:
        return {}
    counts: dict[Key, float] = {
        (CounterName.LEASES_LOST, NO_LABEL): dead + requeued,
        (CounterName.UNSUCCESSFUL, "worker_lost"): dead + requeued,
    }
    if dead:
        counts[CounterName.FINISHED, JobState.DEAD.value] = dead
        counts |= {(CounterName.FEED_FAILED, feed): number for feed, number in dead_by_feed.items()}
    return counts


def _run(run_s: float | None) -> dict[Key, float]:
    if run_s is None:
        return {}
    return {(CounterName.RUN_TIME, bucket(run_s, RUN_BUCKETS)): 1, (CounterName.RUN_TIME_SUM, NO_LABEL): run_s}


def _unresolved(attribution: Attribution) -> bool:
    return attribution.source is None or attribution.source.entity is None
