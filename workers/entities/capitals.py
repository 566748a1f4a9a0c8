"""Runs of capitalised words: where a name may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.english.lexicon import listed
from workers.english.phrases import DETERMINERS, PREPOSITIONS, SUBJECT_PRONOUNS

# What stands in small letters inside a name.
LINKS: Final = listed("of de da do dos del della la le el al bin ibn van von der den y e di du des")
# Longer runs are headlines or broken text.
RUN_WORDS: Final = 12
_PLAIN: Final = DETERMINERS | PREPOSITIONS | SUBJECT_PRONOUNS


@dataclass(slots=True)
class Run:
    """Consecutive capitalised tokens; ``initial`` if the first may owe its capital to its place."""

    start: int
    end: int
    initial: bool


def capital(word: str) -> bool:
    """Whether ``word`` begins with a capital."""
    return bool(word) and word[0].isupper()


def runs(tokens: Tokens, taken: bytearray) -> list[Run]:
    """Find the runs outside ``taken``; a word that only its place at a sentence's start makes a capital begins none."""
    words = tokens.words
    inner = {
        word for i, word in enumerate(words) if word[0].isupper() and i > tokens.first[i] and words[i - 1][0].isalnum()
    }
    small = {word for word in words if word[0].islower()}
    found = []
    i = 0
    while i < len(words):
        word = words[i]
        if taken[i] or not capital(word):
            i += 1
            continue
        initial = i == tokens.first[i] or not words[i - 1][0].isalnum()
        alone = i + 1 >= tokens.last[i] or not capital(words[i + 1])
        chance = initial and alone and word not in inner and word.lower() in small
        if chance or _common(word, initial=initial, alone=alone):
            i += 1
            continue
        end = _end(tokens, taken, i)
        found.append(Run(i, end, initial))
        i = end
    return found


def _common(word: str, *, initial: bool, alone: bool) -> bool:
    """Whether ``word`` is a common word that begins no name here; "World" begins one in "the World Trade Organization"."""
    lower = word.lower()
    if lower not in lexicon.words("common") or word in gazetteer.places() or word in lexicon.words("titles"):
        return False
    if initial or lower in _PLAIN:
        return True
    return alone and lower not in lexicon.words("roles")


def _end(tokens: Tokens, taken: bytearray, start: int) -> int:
    """Return where the run that begins at ``start`` ends."""
    words, bound = tokens.words, min(tokens.last[start], start + RUN_WORDS)

    def named(k: int) -> bool:
        return k < bound and capital(words[k]) and not taken[k]

    organizations = lexicon.words("organizations")
    of_body = False  # after "Department of", "and" joins two halves of one name
    end = start + 1
    while end < bound and not taken[end]:
        word = words[end]
        if capital(word):
            end += 1
        elif (word in LINKS or word == "&" or (word == "and" and of_body)) and named(end + 1):
            of_body = of_body or (word == "of" and words[end - 1] in organizations)
            end += 2
        elif word in {"of", "for"} and end + 1 < bound and words[end + 1] == "the" and named(end + 2):
            end += 3
        else:
            break
    return end
