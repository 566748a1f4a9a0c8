"""Fingerprints of the texts that are analysed: rensa's MinHash over sequences of three words."""

from __future__ import annotations

import re
from typing import Final

from rensa import RMinHash

from services.stories.fingerprint import MINIMA, Fingerprint

# Shorter texts have too few sequences of words: two announcements by one office would look like copies.
MIN_WORDS: Final = 40
_SHINGLE_WORDS: Final = 3
_WORD: Final = re.compile(r"\w+")
_SEED: Final = 1
_METHOD: Final = f"words{_SHINGLE_WORDS}-rensa{RMinHash.ALGORITHM_VERSION}"


def fingerprint(body: str) -> Fingerprint | None:
    """Return the fingerprint of a text, or None if it has fewer than ``MIN_WORDS`` words.

    Case, punctuation and white space do not count. Give the body alone, so that another headline makes no difference.
    """
    words = _WORD.findall(body.casefold())
    if len(words) < MIN_WORDS:
        return None
    shingles = {" ".join(words[start : start + _SHINGLE_WORDS]) for start in range(len(words) - _SHINGLE_WORDS + 1)}
    minhash = RMinHash(num_perm=MINIMA, seed=_SEED)
    minhash.update(sorted(shingles))
    return Fingerprint(_METHOD, tuple(minhash.digest()))
