"""Removal of accents, for all code that compares texts without regard to them."""

from __future__ import annotations

import unicodedata


def strip_accents(text: str) -> str:
    """Return the text in Unicode's compatibility decomposition (NFKD), without combining characters.

    Letters without a decomposition ("ł", "ø") stay: `services.results.name_keys` and `workers.english.name_forms` each
    have a table for them. The former lowers case first and so needs no capitals; its keys are stored, so its table
    must not change without `stancewire index --rebuild`. `services.results.full_text` has no table, as the databases
    have none.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
