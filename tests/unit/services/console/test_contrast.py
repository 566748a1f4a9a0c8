"""Text on every ground it stands on, by WCAG 2.2's formula (AA: 4.5 to 1), in light and dark."""

from __future__ import annotations

import re

import pytest

from services.console.rendering import STATIC

COLOURS = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
GROUNDS = ("paper", "surface", "sunken", "said", "said-deep", "lit")
PAIRS = [
    *(("ink", ground) for ground in GROUNDS),
    *((text, ground) for text in ("ink-soft", "accent") for ground in ("paper", "surface", "sunken")),
    *((text, "surface") for text in ("good", "warn", "bad", "speaker", "cue")),
    ("ink-soft", "said"),
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
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: int) -> None:
    css = (STATIC / "console.css").read_text() + (STATIC / "article.css").read_text()
    colours = {name: (light, dark)[scheme] for name, light, dark in COLOURS.findall(css)}
    faint = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text, ground in PAIRS
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert faint == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_edges_of_fields_are_seen(scheme: int) -> None:
    colours = {
        name: (light, dark)[scheme] for name, light, dark in COLOURS.findall((STATIC / "console.css").read_text())
    }
    assert contrast(colours["edge"], colours["surface"]) >= 3
    assert contrast(colours["edge"], colours["sunken"]) >= 3


def test_the_formula_knows_its_ends() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
