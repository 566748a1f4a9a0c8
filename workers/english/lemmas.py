"""The base form of an English verb or noun: a list of the irregular ones, and the rules of inflection turned round.

A rule gives several candidates ("voted": vot, vote); the first that is a word, and that inflects to what is
written, is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.english.lexicon import inflect

if TYPE_CHECKING:
    from collections.abc import Container

_IRREGULAR: Final = {
    form: lemma
    for line in (
        "be am is are was were been being",
        "have has had having",
        "do does did done doing",
        "go goes went gone going",
        "say says said saying",
        "tell told",
        "think thought",
        "know knew known",
        "see saw seen",
        "hear heard",
        "feel felt",
        "hold held",
        "write wrote written",
        "speak spoke spoken",
        "swear swore sworn",
        "give gave given",
        "take took taken",
        "make made making",
        "find found",
        "foresee foresaw foreseen",
        "foretell foretold",
        "forget forgot forgotten forgetting",
        "forgive forgave forgiven",
        "forbid forbade forbidden forbidding",
        "understand understood",
        "withdraw withdrew withdrawn",
        "mean meant",
        "meet met meeting",
        "keep kept",
        "lead led",
        "leave left",
        "lay laid",
        "lie lay lain lying",
        "read",
        "seek sought",
        "send sent",
        "show shown",
        "sing sang sung",
        "stand stood",
        "strike struck",
        "teach taught",
        "begin began begun beginning",
        "bring brought",
        "build built",
        "buy bought",
        "catch caught",
        "choose chose chosen",
        "come came coming",
        "cut cutting",
        "draw drew drawn",
        "fall fell fallen",
        "fight fought",
        "get got gotten getting",
        "hit hitting",
        "lose lost",
        "pay paid",
        "put putting",
        "run ran running",
        "sell sold",
        "set setting",
        "shoot shot",
        "sound",
        "spend spent",
        "throw threw thrown",
        "win won winning",
        "plead pled",
        "become became",
    )
    for lemma, *forms in [line.split()]
    for form in (lemma, *forms)
}
_VOWELS: Final = frozenset("aeiou")
# "Sued" is no form of "su", though some list of words has that: shorter verbs are irregular.
_SHORTEST: Final = 2


def lemma(word: str, known: Container[str]) -> str:
    """Return the base form of ``word`` in lower case; ``known`` tells which candidates are words."""
    word = word.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending, form in (("ing", "ing"), ("ed", "past"), ("s", "s")):
        if not word.endswith(ending) or word.endswith("ss"):
            continue
        for candidate in _candidates(word, ending):
            if len(candidate) > _SHORTEST and candidate in known and inflect(candidate)[form] == word:
                return candidate
    return word


def _candidates(word: str, ending: str) -> list[str]:
    stem = word[: -len(ending)]
    found = [stem, stem + "e"]
    if stem.endswith("i"):
        found.insert(0, stem[:-1] + "y")
    if ending == "s" and stem.endswith("ie"):
        found.insert(0, stem[:-2] + "y")
    if ending == "s" and stem.endswith("e"):
        found.append(stem[:-1])
    if ending != "s" and stem[-1:] == stem[-2:-1] and stem[-1:] not in _VOWELS:
        found.insert(0, stem[:-1])
    return found
