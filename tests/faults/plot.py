"""Draws a line chart as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 300, 60, 40, 30
_COLOURS = ("#1f6f8b", "#c8553d", "#6a994e", "#7b5ea7")
_SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">'
)
Line = Sequence[tuple[float, float]]


def chart(title: str, lines: Mapping[str, Line], *, x_label: str, y_label: str) -> str:
    """Return a chart of named lines; both axes begin at 0, and each name is written at the end of its line."""
    points = [point for line in lines.values() for point in line]
    right = max(x for x, _ in points) or 1
    top = 1.1 * max(y for _, y in points) or 1

    def pixel(x: float, y: float) -> str:
        x_px = _LEFT + x / right * (_WIDTH - _LEFT - 150)
        return f"{x_px:.1f},{_HEIGHT - _BOTTOM - y / top * (_HEIGHT - _BOTTOM - _TOP):.1f}"

    parts = [
        _SVG,
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<polyline points="{pixel(0, top)} {pixel(0, 0)} {pixel(right, 0)}" fill="none" stroke="#444444"/>',
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{escape(x_label)}, 0 to {right:,.0f}</text>',
        f'<text x="4" y="{_TOP + 6}">{top:,.0f}</text>',
        f'<text x="4" y="{_HEIGHT - _BOTTOM}">0 {escape(y_label)}</text>',
    ]
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=False):
        last_x, last_y = pixel(*line[-1]).split(",")
        points_px = " ".join(pixel(x, y) for x, y in line)
        parts += [
            f'<polyline points="{points_px}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
            f'<text x="{float(last_x) + 6:.1f}" y="{last_y}" fill="{colour}">{escape(name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
