"""Texts that are copies of each other, and their keys as a worker computes them."""

from __future__ import annotations

from services.stories.linking import TextKeys
from workers.text.fingerprints import fingerprint


def long_text(subject: str, sentences: int = 12) -> str:
    """Return a text of ten words a sentence, all different; two subjects have no word in common."""
    return " ".join(
        " ".join(f"{subject}{10 * sentence + word}" for word in range(10)) + "." for sentence in range(sentences)
    )


def keys_of(text: str, analysis_key: str | None = None) -> TextKeys:
    return TextKeys(fingerprint(text), analysis_key)
