from __future__ import annotations

import pytest

from services.console.charts import diverging_bars, line_chart, round_up


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 1), (0.4, 1), (1, 1), (1.1, 2), (2.3, 2.5), (4, 5), (7, 10), (100, 100), (1001, 2000)]
)
def test_maximum_is_rounded_up_to_a_round_number(value: float, ceiling: float) -> None:
    assert round_up(value) == ceiling


def test_line_spans_the_width_and_higher_values_are_drawn_higher() -> None:
    chart = line_chart([[0, 5, 10]], width=100, height=50)
    assert chart.lines == ("M0.0 50.0 L50.0 25.0 L100.0 0.0",)
    assert chart.areas == ("M0.0 50.0 L50.0 25.0 L100.0 0.0 L100.0 50 L0.0 50 Z",)
    assert [(tick.y, tick.label) for tick in chart.ticks] == [(50, "0"), (25, "5"), (0, "10")]


def test_lines_share_one_scale() -> None:
    chart = line_chart([[10, 10], [5, 5]], width=10, height=10)
    assert chart.lines == ("M0.0 0.0 L10.0 0.0", "M0.0 5.0 L10.0 5.0")


def test_empty_series_are_drawn_without_lines() -> None:
    chart = line_chart([[], []])
    assert chart.lines == ("", "")
    assert chart.ticks[-1].label == "1"


def test_bars_of_a_column_share_the_axis() -> None:
    [(up, down), (second_up, second_down)] = diverging_bars([(1, 4), (2, 0)], width=100, height=80, maximum=4)
    assert (up.y + up.height, down.y) == (40, 40)
    assert (up.height, down.height) == (10, 40)
    assert (second_up.height, second_down.height) == (20, 0)
    assert up.x < up.x + up.width < 50 < second_up.x
