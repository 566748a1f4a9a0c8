"""The base form of an English verb or noun, from the table of irregular verbs and the inverted rules of inflection.

An inverted rule gives several candidates ("voted": vot, vote). The first candidate that is a word and that inflects to
the given form is the base form.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from workers.english.lexicon import inflect, irregular_verbs

if TYPE_CHECKING:
    from collections.abc import Container

_VOWELS: Final = frozenset("aeiou")
# Some word lists contain "su", which must not become the base form of "sued". Verbs this short are irregular.
_MAX_IRREGULAR_LENGTH: Final = 2


def lemma(word: str, vocabulary: Container[str]) -> str:
    """Return the base form of ``word`` in lower case, or ``word`` itself if no base form is in ``vocabulary``."""
    word = word.lower()
    irregular = irregular_lemmas()
    if word in irregular:
        return irregular[word]
    for ending, form in (("ing", "ing"), ("ed", "past"), ("s", "s")):
        if not word.endswith(ending) or word.endswith("ss"):
            continue
        for candidate in _candidates(word, ending):
            long_enough = len(candidate) > _MAX_IRREGULAR_LENGTH
            if long_enough and candidate in vocabulary and inflect(candidate)[form] == word:
                return candidate
    return word


@cache
def irregular_lemmas() -> dict[str, str]:
    """Return the base form of each form of the irregular verbs."""
    return {
        form: verb.base
        for verb in irregular_verbs().values()
        for form in (verb.base, verb.past, verb.participle, *verb.others)
    }


def _candidates(word: str, ending: str) -> list[str]:
    """Return what ``word`` may be without ``ending``, likelier candidates first."""
    stem = word[: -len(ending)]
    candidates = [stem, stem + "e"]
    if stem.endswith("i"):
        candidates.insert(0, stem[:-1] + "y")
    if ending == "s" and stem.endswith("ie"):
        candidates.insert(0, stem[:-2] + "y")
    if ending == "s" and stem.endswith("e"):
        candidates.append(stem[:-1])
    if ending != "s" and stem[-1:] == stem[-2:-1] and stem[-1:] not in _VOWELS:
        candidates.insert(0, stem[:-1])
    return candidates
