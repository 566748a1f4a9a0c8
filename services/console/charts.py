"""Charts as the server draws them: plain SVG geometry, so that they need no script, follow the theme and can be read aloud."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled line of the value axis; ``y`` in units of the drawing."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over a common axis in a box of ``width`` by ``height``; paths are SVG path data."""

    width: int
    height: int
    ticks: tuple[Tick, ...]
    lines: tuple[str, ...]
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One column: its place, its size and what it stands for."""

    x: float
    y: float
    width: float
    height: float


def line_chart(series: Sequence[Sequence[float]], *, width: int = 720, height: int = 180) -> Chart:
    """Each series as a line from left to right, all on one scale that begins at 0."""
    top = nice_ceiling(max((value for values in series for value in values), default=0.0))
    paths = [_points(values, top, width, height) for values in series]
    lines = tuple("M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else "" for points in paths)
    areas = tuple(
        f"{line} L{points[-1][0]:.1f} {height} L{points[0][0]:.1f} {height} Z" if points else ""
        for line, points in zip(lines, paths, strict=True)
    )
    return Chart(width, height, _ticks(top, height), lines, areas)


def nice_ceiling(value: float) -> float:
    """The least round number that is not under ``value`` (1, 2, 2.5, 5 or 10 times a power of ten), at least 1."""
    if value <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if step * power >= value * (1 - 1e-9))


def diverging_bars(
    columns: Sequence[tuple[float, float]], *, top: float, width: int = 720, height: int = 220
) -> list[tuple[Bar, Bar]]:
    """For each column its two values, the first upwards and the second downwards from an axis at half the height."""
    room, axis = width / max(1, len(columns)), height / 2
    side = min(room * 0.12, 6.0)
    drawn = []
    for number, (above, below) in enumerate(columns):
        up, down = axis * above / top, axis * below / top
        x, broad = number * room + side, room - 2 * side
        drawn.append((Bar(x, axis - up, broad, up), Bar(x, axis, broad, down)))
    return drawn


def _points(values: Sequence[float], top: float, width: int, height: int) -> list[tuple[float, float]]:
    step = width / max(1, len(values) - 1)
    return [(number * step, height - height * value / top) for number, value in enumerate(values)]


def _ticks(top: float, height: int) -> tuple[Tick, ...]:
    return tuple(Tick(height - height * part, f"{top * part:g}") for part in (0.0, 0.5, 1.0))
