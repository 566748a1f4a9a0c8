"""Contrast of text on each of its backgrounds, by the formula of WCAG 2.2 (AA: 4.5 to 1), in light and dark."""

from __future__ import annotations

import re

import pytest

from services.console.rendering import STATIC_FOLDER

COLOURS = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
BACKGROUNDS = ("paper", "surface", "sunken", "content", "content-deep", "lit")
PAIRS = [
    *(("ink", background) for background in BACKGROUNDS),
    *((text, background) for text in ("ink-soft", "accent") for background in ("paper", "surface", "sunken")),
    *((text, "surface") for text in ("good", "warn", "bad", "speaker", "cue")),
    ("ink-soft", "content"),
    ("good", "good-soft"),
    ("good", "paper"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("ink", "accent-soft"),
    ("ink", "warn-soft"),
    ("accent", "warn-soft"),
]


def luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_enough_contrast_on_its_background(scheme: int) -> None:
    css = (STATIC_FOLDER / "console.css").read_text() + (STATIC_FOLDER / "article.css").read_text()
    colours = {name: (light, dark)[scheme] for name, light, dark in COLOURS.findall(css)}
    too_low = {
        (text, background): round(contrast(colours[text], colours[background]), 2)
        for text, background in PAIRS
        if contrast(colours[text], colours[background]) < 4.5
    }
    assert too_low == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_borders_of_fields_have_enough_contrast(scheme: int) -> None:
    colours = {
        name: (light, dark)[scheme]
        for name, light, dark in COLOURS.findall((STATIC_FOLDER / "console.css").read_text())
    }
    assert contrast(colours["edge"], colours["surface"]) >= 3
    assert contrast(colours["edge"], colours["sunken"]) >= 3


def test_contrast_formula_is_right_for_extreme_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
