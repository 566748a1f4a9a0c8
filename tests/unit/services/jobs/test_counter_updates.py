from __future__ import annotations

from uuid import UUID

import pytest

from services.contracts import Attribution, Extent, JobState, Kind, Pipeline, Result, Source, instant
from services.database.counters import NO_LABEL, CounterName
from services.jobs import counter_updates


def attribution(number: int, score: float, source: Source | None) -> Attribution:
    extent = Extent(start=0, end=3)
    return Attribution(id=f"a{number}", kind=Kind.DIRECT, score=score, source=source, cue=None, content=(extent,))


def result(*attributions: Attribution) -> Result:
    made = Pipeline(version="1", model="news-2026.11", analysed_at=instant(0))
    nobody = UUID(int=0)
    return Result(
        job_id=nobody, article_id=nobody, language="en", pipeline=made, text="One two three.", attributions=attributions
    )


@pytest.mark.parametrize(
    ("value", "label"), [(0, "0.1"), (0.1, "0.1"), (0.11, "0.25"), (86_400, "86400.0"), (86_401, "+Inf")]
)
def test_a_bucket_holds_what_is_at_most_its_bound(value: float, label: str) -> None:
    assert counter_updates.bucket(value, counter_updates.WAIT_BUCKETS) == label


def test_claims_count_attempts_and_waits_even_when_the_clock_went_back() -> None:
    counts = counter_updates.for_leases([0.05, 2, 2.2, -7])
    assert counts[CounterName.ATTEMPTS, NO_LABEL] == 4
    assert counts[CounterName.QUEUE_WAIT, "0.1"] == 2
    assert counts[CounterName.QUEUE_WAIT, "2.5"] == 2
    assert counts[CounterName.QUEUE_WAIT_SUM, NO_LABEL] == pytest.approx(4.25)


def test_quality_is_counted_by_feed() -> None:
    resolved, unresolved = Source(start=0, end=3, entity="e1"), Source(start=0, end=3)
    attributions = (attribution(1, 0.9, resolved), attribution(2, 0.49, unresolved), attribution(3, 0.5, None))
    counts = counter_updates.for_result("wire", result(*attributions), 0.3)
    expected = {
        CounterName.FEED_RESULTS: 1,
        CounterName.FEED_EMPTY: 0,
        CounterName.FEED_ATTRIBUTIONS: 3,
        CounterName.FEED_UNRESOLVED: 2,
        CounterName.FEED_LOW: 1,
    }
    assert {name: counts[name, "wire"] for name in expected} == expected
    assert counts[CounterName.MODEL_RESULTS, "news-2026.11"] == 1
    assert counts[CounterName.RUN_TIME, "0.5"] == 1
    assert counter_updates.for_result("wire", result(), None)[CounterName.FEED_EMPTY, "wire"] == 1


def test_a_failure_has_its_reason_and_counts_for_the_feed_only_when_it_is_final() -> None:
    again = counter_updates.for_failure("wire", None, "temporary", 1)
    assert again[CounterName.UNSUCCESSFUL, "temporary"] == 1
    assert (CounterName.FEED_FAILED, "wire") not in again
    final = counter_updates.for_failure("wire", JobState.DEAD, "defect", 1)
    assert (final[CounterName.FINISHED, JobState.DEAD], final[CounterName.FEED_FAILED, "wire"]) == (1, 1)


def test_lost_leases_count_the_dead_by_feed_and_nothing_where_nothing_was_lost() -> None:
    counts = counter_updates.for_lost_leases({"a": 2, "b": 1}, 4)
    assert counts[CounterName.LEASES_LOST, NO_LABEL] == counts[CounterName.UNSUCCESSFUL, "worker_lost"] == 7
    assert counts[CounterName.FINISHED, JobState.DEAD] == 3
    assert counts[CounterName.FEED_FAILED, "a"] == 2
    assert counter_updates.for_lost_leases({}, 0) == {}
