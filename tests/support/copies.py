"""Texts that are copies of each other, and their keys as a worker computes them."""

from __future__ import annotations

from typing import Final

from services.stories.linking import TextKeys
from workers.text.fingerprints import fingerprint

_STREETS: Final = [
    "Harbour",
    "Mill",
    "Station",
    "Castle",
    "Garden",
    "Bridge",
    "Market",
    "Chapel",
    "River",
    "Orchard",
    "Tower",
    "Meadow",
]


def long_text(subject: str, sentences: int = 12) -> str:
    """Return a text of 13 words a sentence that shares no three words in sequence with one of another subject."""
    return " ".join(
        f"{subject} number {number} came to {street} {subject} street and {subject} stayed there until {subject} left."
        for number, street in zip(range(sentences), _STREETS * 9, strict=False)
    )


def keys_of(text: str, analysis_key: str | None = None) -> TextKeys:
    return TextKeys(fingerprint(text), analysis_key)
