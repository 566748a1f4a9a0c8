"""Charts drawn on the server as plain SVG geometry: they need no scripts and follow the page's colour scheme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_ROUND_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled line of the value axis. ``y`` is in units of the drawing, from the top."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines on a common axis in a box of ``width`` by ``height``. Lines and areas are SVG path data."""

    width: int
    height: int
    ticks: tuple[Tick, ...]
    lines: tuple[str, ...]
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle: its top left corner and its size, in units of the drawing."""

    x: float
    y: float
    width: float
    height: float


def line_chart(series: Sequence[Sequence[float]], *, width: int = 720, height: int = 180) -> LineChart:
    """Draw each series as a line from the left edge to the right edge, on a common scale that starts at 0."""
    maximum = round_up(max((value for values in series for value in values), default=0.0))
    polylines = [_points(values, maximum, width, height) for values in series]
    lines = tuple("M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else "" for points in polylines)
    areas = tuple(
        f"{line} L{points[-1][0]:.1f} {height} L{points[0][0]:.1f} {height} Z" if points else ""
        for line, points in zip(lines, polylines, strict=True)
    )
    return LineChart(width, height, _ticks(maximum, height), lines, areas)


def round_up(value: float) -> float:
    """Return the least round number (1, 2, 2.5 or 5 times a power of ten) not below ``value``, at least 1."""
    if value <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _ROUND_STEPS if step * power >= value * (1 - 1e-9))


def diverging_bars(
    columns: Sequence[tuple[float, float]], *, maximum: float, width: int = 720, height: int = 220
) -> list[tuple[Bar, Bar]]:
    """Draw two values per column: the first upwards and the second downwards from an axis at half the height.

    A bar of ``maximum`` fills its half.
    """
    column_width, axis = width / max(1, len(columns)), height / 2
    margin = min(column_width * 0.12, 6.0)
    bars = []
    for index, (above, below) in enumerate(columns):
        up, down = axis * above / maximum, axis * below / maximum
        x, bar_width = index * column_width + margin, column_width - 2 * margin
        bars.append((Bar(x, axis - up, bar_width, up), Bar(x, axis, bar_width, down)))
    return bars


def _points(values: Sequence[float], maximum: float, width: int, height: int) -> list[tuple[float, float]]:
    step = width / max(1, len(values) - 1)
    return [(index * step, height - height * value / maximum) for index, value in enumerate(values)]


def _ticks(maximum: float, height: int) -> tuple[Tick, ...]:
    return tuple(Tick(height - height * share, f"{maximum * share:g}") for share in (0.0, 0.5, 1.0))
