from __future__ import annotations

import pytest

from services.console.charts import diverging_bars, line_chart, nice_ceiling


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 1), (0.4, 1), (1, 1), (1.1, 2), (2.3, 2.5), (4, 5), (7, 10), (100, 100), (1001, 2000)]
)
def test_the_scale_ends_at_a_round_number(value: float, ceiling: float) -> None:
    assert nice_ceiling(value) == ceiling


def test_a_line_goes_from_edge_to_edge_and_higher_values_lie_higher() -> None:
    chart = line_chart([[0, 5, 10]], width=100, height=50)
    assert chart.lines == ("M0.0 50.0 L50.0 25.0 L100.0 0.0",)
    assert chart.areas == ("M0.0 50.0 L50.0 25.0 L100.0 0.0 L100.0 50 L0.0 50 Z",)
    assert [(tick.y, tick.label) for tick in chart.ticks] == [(50, "0"), (25, "5"), (0, "10")]


def test_lines_share_one_scale() -> None:
    chart = line_chart([[10, 10], [5, 5]], width=10, height=10)
    assert chart.lines == ("M0.0 0.0 L10.0 0.0", "M0.0 5.0 L10.0 5.0")


def test_nothing_to_show_is_a_chart_without_lines() -> None:
    chart = line_chart([[], []])
    assert chart.lines == ("", "")
    assert chart.ticks[-1].label == "1"


def test_the_two_sides_of_a_column_stand_on_one_axis() -> None:
    [(up, down), (other, none)] = diverging_bars([(1, 4), (2, 0)], width=100, height=80, top=4)
    assert (up.y + up.height, down.y) == (40, 40)
    assert (up.height, down.height) == (10, 40)
    assert (other.height, none.height) == (20, 0)
    assert up.x < up.x + up.width < 50 < other.x
