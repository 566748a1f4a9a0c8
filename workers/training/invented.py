"""Sentences of our own, drawn from ``invented.toml``: forms that the corpora of stances hold too little of.

Whoever is named in one stands towards everybody else in it as the pattern says, or not at all; so each gives pairs that
take a side and pairs that take none.
"""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import combinations
from typing import TYPE_CHECKING, Final

from workers.language.pairs import Pair
from workers.training.corpora import Example, Sided
from workers.training.opinions import BETWEEN, TOWARDS

if TYPE_CHECKING:
    from workers.training.corpora import Reader

VARIANTS: Final = 20  # of each pattern
_SEED: Final = 20261124
_SLOT: Final = re.compile(r"\{(\w+)\}")
_GOLD: Final = re.compile(r"([A-D])([+-])([A-D])")
_SIDE: Final = {"+": "support", "-": "oppose"}


@dataclass(slots=True)
class Invented:
    """One sentence: where it names each party, and who is for or against whom."""

    text: str = ""
    parties: dict[str, tuple[int, int]] = field(default_factory=dict)
    sides: dict[tuple[str, str], str] = field(default_factory=dict)


def sentences() -> list[Invented]:
    """Draw all sentences; the same at every call."""
    kept = tomllib.loads(files(__package__).joinpath("invented.toml").read_text("utf-8"))
    chance = random.Random(_SEED)  # noqa: S311  # an order, not a secret
    patterns = [pattern.split("|") for pattern in kept["sentences"]["all"]]
    return [_draw(text.strip(), gold, kept, chance) for text, gold in patterns for _ in range(VARIANTS)]


def _draw(pattern: str, gold: str, kept: dict[str, dict[str, list[str]]], chance: random.Random) -> Invented:
    made = Invented(sides={(holder, target): _SIDE[sign] for holder, sign, target in _GOLD.findall(gold)})
    names: dict[str, str] = {}
    last = 0
    for slot in _SLOT.finditer(pattern):
        made.text += pattern[last : slot.start()]
        last = slot.end()
        word = slot[1]
        if word in kept["banks"]:
            made.text += chance.choice(kept["banks"][word])
            continue
        title = ""
        if word not in names:
            title, names[word] = _party(kept["parties"], chance, set(names.values()))
        made.text += title
        made.parties.setdefault(word, (len(made.text), len(made.text) + len(names[word])))
        made.text += names[word]
    made.text += pattern[last:]
    made.text = made.text[0].upper() + made.text[1:]
    return made


def _party(banks: dict[str, list[str]], chance: random.Random, taken: set[str]) -> tuple[str, str]:
    """Return a title and a name that nobody in the sentence has."""
    while True:
        kind = chance.random()
        title = ""
        if kind < 0.6:  # noqa: PLR2004  # three in five are people
            title = chance.choice(banks["title"])
            name = f"{chance.choice(banks['given'])} {chance.choice(banks['family'])}"
            name = chance.choice([name, name, name.split()[1]])
        else:
            name = chance.choice(banks["organisation" if kind < 0.8 else "country"])  # noqa: PLR2004  # and one in five each
        if name not in taken:
            return title, name


def stance_pairs(reader: Reader) -> list[Example]:
    """Return every two parties of each sentence as ``opinions.stance_pairs`` does."""
    examples = []
    for one in sentences():
        placed = reader.place(one.text)
        at = {name: placed.stretch(*place) for name, place in sorted(one.parties.items(), key=lambda item: item[1])}
        example = Example(placed.words)
        for a, b in combinations(at, 2):
            first, second = at[a], at[b]
            label: tuple[str, str | None] = ("none", None)
            if (a, b) in one.sides:
                label = one.sides[a, b], "a"
            elif (b, a) in one.sides:
                label = one.sides[b, a], "b"
            if first and second:
                example.sides.append(Sided(Pair(first, second, (0, len(placed.words))), BETWEEN[label]))
        examples.append(example)
    return examples


def target_sentiment(reader: Reader) -> list[Example]:
    """Return how each sentence stands to each party, as ``opinions.target_sentiment`` does; left out where it is divided."""
    examples = []
    for one in sentences():
        placed = reader.place(one.text)
        example = Example(placed.words)
        for name, place in one.parties.items():
            sides = {side for (_, target), side in one.sides.items() if target == name}
            target = placed.stretch(*place)
            if target and len(sides) < len(TOWARDS) - 1:
                label = TOWARDS[next(iter(sides), "none")]
                example.sides.append(Sided(Pair(None, target, (0, len(placed.words))), label))
        examples.append(example)
    return examples
