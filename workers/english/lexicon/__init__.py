"""The English word lists, stored as text files in this folder, and the verb forms derived from them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from services.contracts import Act

_VOWELS: Final = frozenset("aeiou")
# Verbs of more than one syllable whose last consonant doubles; verbs of one syllable double by rule.
_DOUBLING: Final = frozenset({"admit", "commit", "refer", "rebut", "rebuff", "concur", "submit"})


class CueForm(NamedTuple):
    """An inflected form of a verb of speech.

    ``frames`` are the codes explained in ``cues.txt``, empty for a verb that is not a cue. ``tense`` is base, s, past
    (also for participles) or ing. ``rest`` are the words after the first in a multiword verb.
    """

    lemma: str
    act: Act
    frames: str
    tense: str
    rest: tuple[str, ...]


class IrregularVerb(NamedTuple):
    """An irregular verb; ``others`` are further forms that the rules of inflection do not give."""

    base: str
    past: str
    participle: str
    others: tuple[str, ...]


def word_set(text: str) -> frozenset[str]:
    """Split a list of words that is short enough for the code; the words are separated by spaces."""
    return frozenset(text.split())


def inflect(verb: str) -> dict[str, str]:
    """Return the forms of ``verb`` by the regular rules: third person ``s``, ``past`` and ``ing``."""
    consonant_y = verb.endswith("y") and verb[-2] not in _VOWELS
    sibilant = verb.endswith(("s", "x", "z", "ch", "sh", "o"))
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
        "s": verb[:-1] + "ies" if consonant_y else verb + ("es" if sibilant else "s"),
        "past": verb[:-1] + "ied" if consonant_y else doubled + "ed",
        "ing": doubled + "ing",
    }


@cache
def irregular_verbs() -> dict[str, IrregularVerb]:
    """Return the irregular verbs by base form."""
    rows = (line.split() for line in read_lines("irregular_verbs.txt"))
    return {base: IrregularVerb(base, past, participle, tuple(others)) for base, past, participle, *others in rows}


def verb_forms(verb: str) -> dict[str, str]:
    """Return the forms of a regular or irregular verb: ``base``, ``s``, ``past``, ``ing`` and ``participle``."""
    forms = {"base": verb} | inflect(verb)
    irregular = irregular_verbs().get(verb)
    if irregular:
        forms["past"] = irregular.past
    return forms | {"participle": irregular.participle if irregular else forms["past"]}


@cache
def cue_forms() -> dict[str, tuple[CueForm, ...]]:
    """Return the forms of all cue verbs by their first word, those of most words first."""
    forms: dict[str, list[CueForm]] = {}
    for line in read_lines("cues.txt"):
        lemma, act, frames = line.split()
        _add_verb(forms, lemma, Act(act), frames)
    return _longest_first(forms)


@cache
def act_forms() -> dict[str, tuple[CueForm, ...]]:
    """Return the forms of all verbs of speech acts, cues included, by their first word, those of most words first."""
    forms = {word: list(entries) for word, entries in cue_forms().items()}
    for line in read_lines("acts.txt"):
        act, *verbs = line.split()
        for verb in verbs:
            _add_verb(forms, verb, Act(act), "")
    return _longest_first(forms)


@cache
def act_nouns() -> dict[str, Act]:
    """Return the act that each attributing noun expresses."""
    return {noun: Act(act) for line in read_lines("act_nouns.txt") for act, *nouns in [line.split()] for noun in nouns}


def _add_verb(forms: dict[str, list[CueForm]], lemma: str, act: Act, frames: str) -> None:
    """Add all forms of one verb; underscores separate the words of ``lemma``."""
    first, *rest = lemma.split("_")
    for tense, form in verb_forms(first).items():
        entry = CueForm(lemma.replace("_", " "), act, frames, "past" if tense == "participle" else tense, tuple(rest))
        entries = forms.setdefault(form, [])
        if entry not in entries:
            entries.append(entry)


def _longest_first(forms: dict[str, list[CueForm]]) -> dict[str, tuple[CueForm, ...]]:
    return {word: tuple(sorted(entries, key=lambda entry: -len(entry.rest))) for word, entries in forms.items()}


@cache
def word_list(name: str) -> frozenset[str]:
    """Return the entries of the word list ``name``: the file ``name.txt``, with underscores read as spaces."""
    return frozenset(entry.replace("_", " ") for line in read_lines(name + ".txt") for entry in line.split())


def read_lines(name: str) -> list[str]:
    """Return the lines of a file in this folder, without comments and empty lines."""
    text = files(__name__).joinpath(name).read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
