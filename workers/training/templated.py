"""Sentences of our own, drawn from ``invented.toml``: forms that the corpora of stances hold too little of.

Whoever is named in one stands towards everybody else in it as the pattern says, or not at all; so each gives pairs that
take a side and pairs that take none. Beside whole patterns there are clauses that are joined by two: who called "the bank"
greedy after somebody else had praised it by name is to be told apart.
"""

from __future__ import annotations

import random
import re
import tomllib
from importlib.resources import files
from typing import Any, Final, NamedTuple

from workers.training.sentences import SIDES, Sentence

VARIANTS: Final = 16  # of each pattern
JOINED: Final = 2400  # sentences of two clauses
_SEED: Final = 20261124
_SLOT: Final = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
_GOLD: Final = re.compile(r"([A-D@])([+-])([A-D])")
_SIGNS: Final = {"for": "+", "against": "-", "nothing": ""}
# What somebody is called by "it", "he" and "his"; a body or a country is all the same.
_PRONOUNS: Final = {
    "male": {"it": "him", "he": "he", "his": "his"},
    "female": {"it": "her", "he": "she", "his": "her"},
    "": {"it": "it", "he": "it", "his": "its"},
}
# How a subject and an object are called that need not be named again: "she" and "her", "the bank" and "the bank".
_OBJECTS: Final = {"he": "it", "one": "the"}
_PEOPLE: Final = 0.55
_BODIES: Final = 0.8


class _Party(NamedTuple):
    """Somebody as a sentence names them: ``called`` is "the bank", if anything, ``kind`` male, female or neither."""

    title: str
    name: str
    called: str
    kind: str

    def by(self, form: str, others: list[_Party]) -> str:
        """Return what stands for the name, or nothing if it might stand for one of the others, too."""
        if form in {"the", "one"} and self.called:
            return "" if any(other.called == self.called for other in others) else self.called
        pronoun = {"the": "it", "one": "he"}.get(form, form)
        return "" if any(other.kind == self.kind for other in others) else _PRONOUNS[self.kind][pronoun]


def sentences() -> list[Sentence]:
    """Draw all sentences; the same at every call."""
    kept = tomllib.loads(files(__package__).joinpath("templated.toml").read_text("utf-8"))
    chance = random.Random(_SEED)  # noqa: S311  # an order, not a secret
    patterns = [pattern.split("|") for pattern in kept["sentences"]["all"]]
    patterns = [pattern for pattern in patterns for _ in range(VARIANTS)]
    patterns += [_joined(kept, chance) for _ in range(JOINED)]
    return [_draw(text.strip(), gold, kept, chance) for text, gold in patterns]


def _joined(kept: dict[str, dict[str, list[str]]], chance: random.Random) -> list[str]:
    """Return a pattern of two clauses, about A and B and then about C and one of them, and its sides."""
    signs = chance.choice(list(_SIGNS)), chance.choice(list(_SIGNS))
    again = chance.choice("AB")
    holder, target = chance.choice([("C", again), ("C", again), (again, "C")])
    how = chance.choice(list(_OBJECTS))
    names = {"x": holder, "y": target}
    first = _clause(chance.choice(kept["clauses"][signs[0]]), {"x": "A", "y": "B"}, "", "")
    second = _clause(chance.choice(kept["clauses"][signs[1]]), names, again, how)
    text = chance.choice(kept["joints"]["all"]).replace("{1}", first).replace("{2}", second)
    found = (
        f"{one}{_SIGNS[sign]}{other}"
        for sign, one, other in ((signs[0], "A", "B"), (signs[1], holder, target))
        if _SIGNS[sign]
    )
    return [text, " ".join(found)]


def _clause(pattern: str, names: dict[str, str], again: str, how: str) -> str:
    """Put parties into a clause; ``again`` is not named but called ``how``."""

    def slot(found: re.Match[str]) -> str:
        if found[1] not in names:
            return found[0]
        name = names[found[1]]
        if name != again:
            return f"{{{name}}}"
        subject = found[2] == "he" or found.start() == 0
        return f"{{{name}.{how if subject else _OBJECTS[how]}}}"

    return _SLOT.sub(slot, pattern)


def _draw(pattern: str, gold: str, kept: dict[str, Any], chance: random.Random) -> Sentence:
    made = Sentence(sides={(holder, target): SIDES[sign] for holder, sign, target in _GOLD.findall(gold)})
    parties: dict[str, _Party] = {}
    last = 0
    for slot in _SLOT.finditer(pattern):
        made.text += pattern[last : slot.start()]
        last = slot.end()
        word, form = slot[1], slot[2]
        if word in kept["banks"]:
            made.text += chance.choice(kept["banks"][word])
            continue
        if word not in parties:
            parties[word] = _party(kept["parties"], chance, {party.name for party in parties.values()})
        party = parties[word]
        others = [parties[other] for other in made.parties if other != word]
        called = party.by(form, others) if form else ""
        if not called and word not in made.parties:
            made.text += party.title
        said = _begun(called or party.name, made.text)
        if not called:
            made.parties.setdefault(word, (len(made.text), len(made.text) + len(said)))
        made.text += said
    made.text += pattern[last:]
    made.text = _begun(made.text, "")
    return made


def _begun(said: str, before: str) -> str:
    """Return words in capitals where they begin a sentence."""
    return said[0].upper() + said[1:] if not before or before.endswith((". ", ": ", "“", "? ")) else said


def _party(banks: dict[str, list[str]], chance: random.Random, taken: set[str]) -> _Party:
    """Return somebody of whom nobody in the sentence has the name."""
    while True:
        kind = chance.random()
        if kind < _PEOPLE:
            sex = chance.choice(["male", "female"])
            title = chance.choice([title for title in banks["title"] if title != ("Ms " if sex == "male" else "Mr ")])
            given, family = chance.choice(banks[sex]), chance.choice(banks["family"])
            role = title.strip().lower().removeprefix("the ").split(" ")[-1]
            called = "" if role in {"", "mr", "ms"} else f"the {role}"
            found = _Party(title, chance.choice([f"{given} {family}", f"{given} {family}", family]), called, sex)
        elif kind < _BODIES:
            before, body = chance.choice(banks["before"]), chance.choice(banks["body"])
            name, called = chance.choice(
                [f"{before} {body}|the {body.lower()}", chance.choice(banks["organisation"])]
            ).split("|")
            found = _Party("", name, called, "")
        else:
            found = _Party("", chance.choice(banks["country"]), "the country", "")
        if found.name not in taken:
            return found
