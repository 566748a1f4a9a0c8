"""Generates example sentences from ``templated.toml``, in forms that are rare in the stance corpora.

A pattern states every stance between its parties, so each sentence yields pairs with a stance and pairs without.
Other sentences have two clauses: they teach the model to distinguish the person who called "the bank" greedy from the
person who had praised it by name before.
"""

from __future__ import annotations

import random
import re
import tomllib
from importlib.resources import files
from typing import Any, Final, NamedTuple

from workers.training.sentences import STANCES, ExampleSentence

VARIANTS: Final = 16  # sentences per pattern
TWO_CLAUSE_SENTENCES: Final = 2400
_SEED: Final = 20261124
_SLOT: Final = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
_STANCE: Final = re.compile(r"([A-D@])([+-])([A-D])")
_SIGNS: Final = {"for": "+", "against": "-", "nothing": ""}
# The pronouns of a party by the form in a slot; organisations and countries have the empty gender.
_PRONOUNS: Final = {
    "male": {"it": "him", "he": "he", "his": "his"},
    "female": {"it": "her", "he": "she", "his": "her"},
    "": {"it": "it", "he": "it", "his": "its"},
}
# The form of an object for the form of a subject that is not named again: "she" -> "her", "the bank" -> "the bank".
_OBJECT_FORMS: Final = {"he": "it", "one": "the"}
# Shares of the parties: people below the first number, organisations between both, countries above the second.
_PEOPLE: Final = 0.55
_ORGANISATIONS: Final = 0.8


class _Party(NamedTuple):
    """A party of a sentence: ``description`` is like "the bank" or empty, ``gender`` is male, female or empty."""

    title: str
    name: str
    description: str
    gender: str

    def reference(self, form: str, others: list[_Party]) -> str:
        """Return a pronoun or description for the party; empty if it could also refer to one of ``others``."""
        if form in {"the", "one"} and self.description:
            return "" if any(other.description == self.description for other in others) else self.description
        pronoun = {"the": "it", "one": "he"}.get(form, form)
        return "" if any(other.gender == self.gender for other in others) else _PRONOUNS[self.gender][pronoun]


def sentences() -> list[ExampleSentence]:
    """Generate all sentences; every call returns the same ones."""
    tables = tomllib.loads(files(__package__).joinpath("templated.toml").read_text("utf-8"))
    rng = random.Random(_SEED)  # noqa: S311  # reproducible sentences, not a secret
    patterns = [pattern.split("|") for pattern in tables["sentences"]["all"]]
    patterns = [pattern for pattern in patterns for _ in range(VARIANTS)]
    patterns += [_two_clause_pattern(tables, rng) for _ in range(TWO_CLAUSE_SENTENCES)]
    return [_fill(text.strip(), stances, tables, rng) for text, stances in patterns]


def _two_clause_pattern(tables: dict[str, dict[str, list[str]]], rng: random.Random) -> list[str]:
    """Return a pattern and its stances: the first clause is about A and B, the second about C and one of them."""
    first_kind, second_kind = rng.choice(list(_SIGNS)), rng.choice(list(_SIGNS))
    repeated = rng.choice("AB")
    holder, target = rng.choice([("C", repeated), ("C", repeated), (repeated, "C")])
    form = rng.choice(list(_OBJECT_FORMS))
    first = _clause(rng.choice(tables["clauses"][first_kind]), {"x": "A", "y": "B"}, "", "")
    second = _clause(rng.choice(tables["clauses"][second_kind]), {"x": holder, "y": target}, repeated, form)
    text = rng.choice(tables["joints"]["all"]).replace("{1}", first).replace("{2}", second)
    stances = (
        f"{clause_holder}{_SIGNS[kind]}{clause_target}"
        for kind, clause_holder, clause_target in ((first_kind, "A", "B"), (second_kind, holder, target))
        if _SIGNS[kind]
    )
    return [text, " ".join(stances)]


def _clause(pattern: str, letters: dict[str, str], repeated: str, form: str) -> str:
    """Put parties into a clause; the party ``repeated`` is not named but referred to in the form ``form``."""

    def replacement(slot: re.Match[str]) -> str:
        if slot[1] not in letters:
            return slot[0]
        letter = letters[slot[1]]
        if letter != repeated:
            return f"{{{letter}}}"
        is_subject = slot[2] == "he" or slot.start() == 0
        return f"{{{letter}.{form if is_subject else _OBJECT_FORMS[form]}}}"

    return _SLOT.sub(replacement, pattern)


def _fill(pattern: str, stances: str, tables: dict[str, Any], rng: random.Random) -> ExampleSentence:
    """Fill the slots of a pattern with words and parties chosen at random."""
    sentence = ExampleSentence(
        stances={(holder, target): STANCES[sign] for holder, sign, target in _STANCE.findall(stances)}
    )
    parties: dict[str, _Party] = {}
    end = 0
    for slot in _SLOT.finditer(pattern):
        sentence.text += pattern[end : slot.start()]
        end = slot.end()
        word, form = slot[1], slot[2]
        if word in tables["banks"]:
            sentence.text += rng.choice(tables["banks"][word])
            continue
        if word not in parties:
            parties[word] = _random_party(tables["parties"], rng, {party.name for party in parties.values()})
        party = parties[word]
        others = [parties[other] for other in sentence.parties if other != word]
        reference = party.reference(form, others) if form else ""
        if not reference and word not in sentence.parties:
            sentence.text += party.title
        words = _capitalised_at_start(reference or party.name, sentence.text)
        if not reference:
            sentence.parties.setdefault(word, (len(sentence.text), len(sentence.text) + len(words)))
        sentence.text += words
    sentence.text += pattern[end:]
    sentence.text = _capitalised_at_start(sentence.text, "")
    return sentence


def _capitalised_at_start(words: str, before: str) -> str:
    """Capitalise words if they begin a sentence, judged by the text before them."""
    return words[0].upper() + words[1:] if not before or before.endswith((". ", ": ", "“", "? ")) else words


def _random_party(banks: dict[str, list[str]], rng: random.Random, taken: set[str]) -> _Party:
    """Return a party whose name is not in ``taken``."""
    while True:
        kind = rng.random()
        if kind < _PEOPLE:
            party = _random_person(banks, rng)
        elif kind < _ORGANISATIONS:
            first_word, kind_word = rng.choice(banks["before"]), rng.choice(banks["body"])
            made_up = f"{first_word} {kind_word}|the {kind_word.lower()}"
            name, description = rng.choice([made_up, rng.choice(banks["organisation"])]).split("|")
            party = _Party("", name, description, "")
        else:
            party = _Party("", rng.choice(banks["country"]), "the country", "")
        if party.name not in taken:
            return party


def _random_person(banks: dict[str, list[str]], rng: random.Random) -> _Party:
    gender = rng.choice(["male", "female"])
    title = rng.choice([title for title in banks["title"] if title != ("Ms " if gender == "male" else "Mr ")])
    given_name, family_name = rng.choice(banks[gender]), rng.choice(banks["family"])
    role = title.strip().lower().removeprefix("the ").split(" ")[-1]
    description = "" if role in {"", "mr", "ms"} else f"the {role}"
    full_name = f"{given_name} {family_name}"
    return _Party(title, rng.choice([full_name, full_name, family_name]), description, gender)
