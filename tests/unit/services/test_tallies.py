from __future__ import annotations

from uuid import UUID

import pytest

from services.contracts import Attribution, Extent, JobState, Kind, Pipeline, Result, Source, instant
from services.results import tallies
from services.results.totals import NO_LABEL, Total


def attribution(number: int, score: float, source: Source | None) -> Attribution:
    extent = Extent(start=0, end=3)
    return Attribution(id=f"a{number}", kind=Kind.DIRECT, score=score, source=source, cue=None, content=(extent,))


def result(*found: Attribution) -> Result:
    made = Pipeline(version="1", model="news-2026.11", analysed_at=instant(0))
    nobody = UUID(int=0)
    return Result(job_id=nobody, article_id=nobody, language="en", pipeline=made, text="One two three.", attributions=found)


@pytest.mark.parametrize(("value", "label"), [(0, "0.1"), (0.1, "0.1"), (0.11, "0.25"), (86_400, "86400.0"), (86_401, "+Inf")])
def test_a_bucket_holds_what_is_at_most_its_bound(value: float, label: str) -> None:
    assert tallies.bucket(value, tallies.WAIT_BUCKETS) == label


def test_claims_count_attempts_and_waits_even_when_the_clock_went_back() -> None:
    counts = tallies.of_claims([0.05, 2, 2.2, -7])
    assert counts[Total.ATTEMPTS, NO_LABEL] == 4
    assert counts[Total.QUEUE_WAIT, "0.1"] == 2
    assert counts[Total.QUEUE_WAIT, "2.5"] == 2
    assert counts[Total.QUEUE_WAIT_SUM, NO_LABEL] == pytest.approx(4.25)


def test_quality_is_counted_by_feed() -> None:
    resolved, unresolved = Source(start=0, end=3, entity="e1"), Source(start=0, end=3)
    found = (attribution(1, 0.9, resolved), attribution(2, 0.49, unresolved), attribution(3, 0.5, None))
    counts = tallies.of_result("wire", result(*found), 0.3)
    expected = {
        Total.FEED_RESULTS: 1,
        Total.FEED_EMPTY: 0,
        Total.FEED_ATTRIBUTIONS: 3,
        Total.FEED_UNRESOLVED: 2,
        Total.FEED_LOW: 1,
    }
    assert {name: counts[name, "wire"] for name in expected} == expected
    assert counts[Total.MODEL_RESULTS, "news-2026.11"] == 1
    assert counts[Total.RUN_TIME, "0.5"] == 1
    assert tallies.of_result("wire", result(), None)[Total.FEED_EMPTY, "wire"] == 1


def test_a_failure_has_its_reason_and_counts_for_the_feed_only_when_it_is_final() -> None:
    again = tallies.of_failure("wire", None, "temporary", 1)
    assert again[Total.UNSUCCESSFUL, "temporary"] == 1
    assert (Total.FEED_FAILED, "wire") not in again
    final = tallies.of_failure("wire", JobState.DEAD, "defect", 1)
    assert (final[Total.FINISHED, JobState.DEAD], final[Total.FEED_FAILED, "wire"]) == (1, 1)


def test_lost_leases_count_the_dead_by_feed_and_nothing_where_nothing_was_lost() -> None:
    counts = tallies.of_lost_leases({"a": 2, "b": 1}, 4)
    assert counts[Total.LEASES_LOST, NO_LABEL] == counts[Total.UNSUCCESSFUL, "worker_lost"] == 7
    assert counts[Total.FINISHED, JobState.DEAD] == 3
    assert counts[Total.FEED_FAILED, "a"] == 2
    assert tallies.of_lost_leases({}, 0) == {}
