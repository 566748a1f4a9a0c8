"""Sentences and claims of our own, each written by hand: ``written/*.txt``.

``Mr [A Osei]’s speech was praised by [B Lund]. || B+A`` names each party once, in brackets, and says who is for (+) or against
(-) whom, ``@`` being the text itself and ``?`` what readers would see differently. ``written/claims.txt`` holds claims,
statements, and whether these support them.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from workers.training.sentences import SIDES, Sentence
from workers.training.stance_corpora import held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.training.corpora import Example, Reader

FOLDER: Final = "handwritten"
CLAIMS: Final = "claims.txt"
UNCLEAR: Final = "?"
PARTED: Final = " || "
_PARTY: Final = re.compile(r"\[([A-D]) ([^\[\]]+)\]")
_SIDE: Final = re.compile(r"([A-D@])([+?-])([A-D])")


def sentences() -> list[Sentence]:
    """Read all sentences, in the order of their files' names."""
    folder = files(__package__) / FOLDER
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".txt") and path.name != CLAIMS), key=str)
    return [sentence(line) for path in paths for line in path.read_text("utf-8").splitlines() if line]


def claims(reader: Reader) -> list[Example]:
    """Return whether statements support claims, as ``opinions.claim_stance`` does."""
    found = (held(reader, claim, statement, supports=sign == "+") for claim, statement, sign in pairs())
    return [example for example in found if example is not None]


def pairs() -> Iterator[tuple[str, str, str]]:
    """Yield claims, statements, and ``+`` or ``-``."""
    for line in (files(__package__) / FOLDER / CLAIMS).read_text("utf-8").splitlines():
        claim, statement, sign = line.split(PARTED)
        yield claim, statement, sign


def sentence(line: str) -> Sentence:
    """Read one line."""
    marked, _, gold = line.rpartition(PARTED.rstrip())
    made = Sentence()
    last = 0
    for party in _PARTY.finditer(marked.rstrip()):
        made.text += marked[last : party.start()]
        made.parties[party[1]] = len(made.text), len(made.text) + len(party[2])
        made.text += party[2]
        last = party.end()
    made.text += marked[last:].rstrip()
    for holder, sign, target in _SIDE.findall(gold):
        if sign == UNCLEAR:
            made.unclear.add(frozenset((holder, target)))
        else:
            made.sides[holder, target] = SIDES[sign]
    return made
