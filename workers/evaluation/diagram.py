"""Reliability diagrams (Niculescu-Mizil and Caruana, ICML 2005) as SVG: how often answers of each score are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workers.evaluation.calibration import Bin

_SIDE: Final = 180  # of one diagram, without its margins
_LEFT, _TOP, _GAP = 34, 28, 26
_BOTTOM: Final = 34
_LARGEST: Final = 7.0  # radius of the bin that holds most answers


def diagrams(done: Mapping[str, Sequence[Bin]]) -> str:
    """Return one picture with a diagram for each task: a dot for each bin, larger where it holds more answers.

    A dot on the diagonal is a bin whose scores say what share of its answers is right.
    """
    width = _LEFT + len(done) * (_SIDE + _GAP)
    height = _TOP + _SIDE + _BOTTOM
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11" role="img" aria-label="Reliability diagrams">'
    )
    parts = [
        head,
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *(_diagram(name, bins, _LEFT + number * (_SIDE + _GAP)) for number, (name, bins) in enumerate(done.items())),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _diagram(name: str, bins: Sequence[Bin], left: int) -> str:
    bottom, right = _TOP + _SIDE, left + _SIDE
    most = max((one.answers for one in bins), default=1)
    dots = [
        f'<circle cx="{left + one.score * _SIDE:.1f}" cy="{bottom - one.right * _SIDE:.1f}" '
        f'r="{max(1.5, _LARGEST * (one.answers / most) ** 0.5):.1f}" fill="#1a5fb4" fill-opacity="0.75">'
        f"<title>{one.answers} answers: mean score {one.score:.2f}, right {one.right:.2f}</title></circle>"
        for one in bins
        if one.answers
    ]
    marks = [
        f'<text x="{left + at * _SIDE:.0f}" y="{bottom + 14}" text-anchor="middle">{at:g}</text>'
        f'<text x="{left - 4}" y="{bottom - at * _SIDE + 4:.0f}" text-anchor="end">{at:g}</text>'
        for at in (0, 0.5, 1)
    ]
    return "\n".join(
        [
            f'<text x="{left}" y="{_TOP - 10}" font-weight="bold">{name}</text>',
            f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#777"/>',
            f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke="#999" stroke-dasharray="4 3"/>',
            *marks,
            f'<text x="{left + _SIDE / 2:.0f}" y="{bottom + 28}" text-anchor="middle">mean score; upwards, share right</text>',
            *dots,
        ]
    )
