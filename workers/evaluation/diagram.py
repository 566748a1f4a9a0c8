"""Reliability diagrams (Niculescu-Mizil and Caruana, ICML 2005) as SVG: accuracy against mean score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workers.evaluation.calibration import Bin

# Lengths in pixels.
_SIDE: Final = 180  # of one diagram, without its margins
_LEFT, _TOP, _GAP = 34, 28, 26
_BOTTOM: Final = 34
_MAX_RADIUS: Final = 7.0  # of the bin with most answers
_MIN_RADIUS: Final = 1.5


def reliability_diagrams(bins_by_task: Mapping[str, Sequence[Bin]]) -> str:
    """Return one picture with a diagram per task: one dot per bin, larger for more answers.

    A dot on the diagonal is a bin whose mean score equals its accuracy.
    """
    width = _LEFT + len(bins_by_task) * (_SIDE + _GAP)
    height = _TOP + _SIDE + _BOTTOM
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11" role="img" aria-label="Reliability diagrams">'
    )
    parts = [
        head,
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *(
            _diagram(task, bins, _LEFT + number * (_SIDE + _GAP))
            for number, (task, bins) in enumerate(bins_by_task.items())
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _diagram(title: str, bins: Sequence[Bin], left: int) -> str:
    bottom, right = _TOP + _SIDE, left + _SIDE
    most = max((each.answers for each in bins), default=1)
    dots = [
        f'<circle cx="{left + each.mean_score * _SIDE:.1f}" cy="{bottom - each.accuracy * _SIDE:.1f}" '
        f'r="{max(_MIN_RADIUS, _MAX_RADIUS * (each.answers / most) ** 0.5):.1f}" fill="#1a5fb4" fill-opacity="0.75">'
        f"<title>{each.answers} answers: mean score {each.mean_score:.2f}, correct {each.accuracy:.2f}</title></circle>"
        for each in bins
        if each.answers
    ]
    ticks = [
        f'<text x="{left + value * _SIDE:.0f}" y="{bottom + 14}" text-anchor="middle">{value:g}</text>'
        f'<text x="{left - 4}" y="{bottom - value * _SIDE + 4:.0f}" text-anchor="end">{value:g}</text>'
        for value in (0, 0.5, 1)
    ]
    label = "mean score; vertical: share correct"
    return "\n".join(
        [
            f'<text x="{left}" y="{_TOP - 10}" font-weight="bold">{title}</text>',
            f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#777"/>',
            f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke="#999" stroke-dasharray="4 3"/>',
            *ticks,
            f'<text x="{left + _SIDE / 2:.0f}" y="{bottom + 28}" text-anchor="middle">{label}</text>',
            *dots,
        ]
    )
