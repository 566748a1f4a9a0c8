from __future__ import annotations

import pytest

from workers.evaluation.calibration import calibration_error, reliability


def test_bins_include_their_lower_edge_and_the_last_includes_one() -> None:
    bins = reliability([0.0, 0.5, 1.0], [False, True, True], bins=2)
    assert [(each.answers, each.mean_score, each.accuracy) for each in bins] == [(1, 0.0, 0.0), (2, 0.75, 1.0)]
    assert calibration_error(bins) == pytest.approx(2 / 3 * 0.25)


def test_calibration_error_without_answers_is_an_error() -> None:
    with pytest.raises(ValueError, match="no answers"):
        calibration_error(reliability([], []))
