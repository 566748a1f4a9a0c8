"""Runs of capitalised words, the candidates for names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set
from workers.english.phrases import DETERMINERS, PREPOSITIONS, SUBJECT_PRONOUNS

# Lower-case words inside names.
NAME_LINKS: Final = word_set("of de da do dos del della la le el al bin ibn van von der den y e di du des")
# Longer runs are headlines or broken text.
_MAX_RUN_WORDS: Final = 12
_FUNCTION_WORDS: Final = DETERMINERS | PREPOSITIONS | SUBJECT_PRONOUNS


@dataclass(slots=True)
class CapitalizedRun:
    """Consecutive capitalised tokens; ``initial`` if the first may be capitalised only because it begins a sentence."""

    start: int
    end: int
    initial: bool


def is_capitalized(word: str) -> bool:
    """Whether ``word`` begins with a capital letter."""
    return bool(word) and word[0].isupper()


def capitalized_runs(tokens: Tokens, taken: bytearray) -> list[CapitalizedRun]:
    """Return the runs outside the tokens marked in ``taken``.

    A word that is capitalised only because it begins a sentence does not begin a run.
    """
    words = tokens.words
    inside_sentences = {
        word
        for i, word in enumerate(words)
        if word[0].isupper() and i > tokens.sentence_start[i] and words[i - 1][0].isalnum()
    }
    lower_case = {word for word in words if word[0].islower()}
    runs = []
    i = 0
    while i < len(words):
        word = words[i]
        if taken[i] or not is_capitalized(word):
            i += 1
            continue
        initial = i == tokens.sentence_start[i] or not words[i - 1][0].isalnum()
        alone = i + 1 >= tokens.sentence_end[i] or not is_capitalized(words[i + 1])
        only_initial = initial and alone and word not in inside_sentences and word.lower() in lower_case
        if only_initial or _is_common(word, initial=initial, alone=alone):
            i += 1
            continue
        end = _run_end(tokens, taken, i)
        runs.append(CapitalizedRun(i, end, initial))
        i = end
    return runs


def _is_common(word: str, *, initial: bool, alone: bool) -> bool:
    """Whether ``word`` is a common word that does not begin a name here.

    "World" is a common word but begins a name in "the World Trade Organization".
    """
    lower = word.lower()
    if lower not in lexicon.word_list("common") or word in gazetteer.places() or word in lexicon.word_list("titles"):
        return False
    if initial or lower in _FUNCTION_WORDS:
        return True
    return alone and lower not in lexicon.word_list("roles")


def _run_end(tokens: Tokens, taken: bytearray, start: int) -> int:
    """Return the end of the run that begins at ``start``."""
    words, bound = tokens.words, min(tokens.sentence_end[start], start + _MAX_RUN_WORDS)

    def is_name_word(k: int) -> bool:
        return k < bound and is_capitalized(words[k]) and not taken[k]

    organizations = lexicon.word_list("organizations")
    after_body = False  # after "Department of", "and" joins two parts of one name
    end = start + 1
    while end < bound and not taken[end]:
        word = words[end]
        if is_capitalized(word):
            end += 1
        elif (word in NAME_LINKS or word == "&" or (word == "and" and after_body)) and is_name_word(end + 1):
            after_body = after_body or (word == "of" and words[end - 1] in organizations)
            end += 2
        elif word in {"of", "for"} and end + 1 < bound and words[end + 1] == "the" and is_name_word(end + 2):
            end += 3
        else:
            break
    return end
