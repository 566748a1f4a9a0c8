"""The word lists of the rules, as text files, and how they are read."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from services.contracts import Act

_VOWELS: Final = frozenset("aeiou")
# Verbs of more than one syllable whose last consonant doubles; those of one syllable double by rule.
_DOUBLING: Final = frozenset({"admit", "commit", "refer", "rebut", "rebuff", "concur", "submit"})


class Form(NamedTuple):
    """One written form of a cue: ``tense`` is base, s, past or ing.

    ``rest`` are the words that follow the first in a multiword cue.
    """

    lemma: str
    act: Act
    frames: str
    tense: str
    rest: tuple[str, ...]


def inflect(verb: str) -> dict[str, str]:
    """Return the regular forms of a verb: third person ``s``, ``past`` and ``ing``."""
    consonant_y = verb.endswith("y") and verb[-2] not in _VOWELS
    hissing = verb.endswith(("s", "x", "z", "ch", "sh", "o"))
    if verb.endswith("e"):
        stem = verb[:-1]
        return {"s": verb + "s", "past": verb + "d", "ing": (verb if verb.endswith("ee") else stem) + "ing"}
    vowels = sum(letter in _VOWELS for letter in verb)
    short = (
        vowels == 1
        and verb[-1] not in "aeiouwxy"
        and verb[-2:-1] in tuple(_VOWELS)
        and verb[-3:-2] not in tuple(_VOWELS)
    )
    doubled = verb + verb[-1] if short or (verb in _DOUBLING and verb[-2] in _VOWELS) else verb
    return {
        "s": verb[:-1] + "ies" if consonant_y else verb + ("es" if hissing else "s"),
        "past": verb[:-1] + "ied" if consonant_y else doubled + "ed",
        "ing": doubled + "ing",
    }


def listed(words: str) -> frozenset[str]:
    """Return the words of a list that is short enough to stand in the code, parted by spaces there."""
    return frozenset(words.split())


@cache
def cues() -> dict[str, tuple[Form, ...]]:
    """Return the cue forms by their first word, the longest first."""
    found: dict[str, list[Form]] = {}
    for line in lines("cues.txt"):
        lemma, act, frames, *irregular = line.split()
        _learn(found, lemma, Act(act), frames, irregular[0] if irregular else "")
    return _longest_first(found)


@cache
def acts() -> dict[str, tuple[Form, ...]]:
    """Return the forms of all verbs that do something by saying it, cues and others, by their first word, the longest first."""
    found = {form: list(entries) for form, entries in cues().items()}
    for line in lines("acts.txt"):
        act, *verbs = line.split()
        for verb in verbs:
            lemma, _, irregular = verb.partition(":")
            _learn(found, lemma, Act(act), "", irregular)
    return _longest_first(found)


@cache
def act_nouns() -> dict[str, Act]:
    """Return what each noun does that attributes."""
    return {noun: Act(act) for line in lines("act_nouns.txt") for act, *nouns in [line.split()] for noun in nouns}


def _learn(found: dict[str, list[Form]], lemma: str, act: Act, frames: str, irregular: str) -> None:
    """Add all forms of one verb; ``irregular`` is its past, or past and participle parted by a slash."""
    first, *rest = lemma.split("_")
    forms = {"base": first} | inflect(first)
    if irregular:
        past, _, participle = irregular.partition("/")
        forms["past"] = past.split("_")[0]
        forms["participle"] = participle.split("_")[0] or forms["past"]
    for tense, form in forms.items():
        entry = Form(lemma.replace("_", " "), act, frames, "past" if tense == "participle" else tense, tuple(rest))
        if entry not in found.setdefault(form, []):
            found[form].append(entry)


def _longest_first(found: dict[str, list[Form]]) -> dict[str, tuple[Form, ...]]:
    return {form: tuple(sorted(entries, key=lambda entry: -len(entry.rest))) for form, entries in found.items()}


@cache
def words(name: str) -> frozenset[str]:
    """Return the entries of the list ``name`` (a file beside this one, entries parted by white space)."""
    return frozenset(entry.replace("_", " ") for line in lines(name + ".txt") for entry in line.split())


def lines(name: str) -> list[str]:
    """Return the lines of a file of this folder, without comments and empty ones."""
    text = files(__name__).joinpath(name).read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
