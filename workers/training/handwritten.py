"""Reads our own example sentences and claims, each written by hand: ``handwritten/*.txt``.

``Mr [A Osei]’s speech was praised by [B Lund]. || B+A`` names each party once, in brackets, and lists the stances as
holder, sign and target: ``+`` for support, ``-`` for opposition, ``?`` where readers would disagree. The holder ``@``
is the text itself. ``handwritten/claims.txt`` has claims, statements, and whether the statement supports the claim.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from workers.training.sentences import STANCES, ExampleSentence
from workers.training.stance_corpora import claim_example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.training.corpora import CorpusReader, Example

FOLDER: Final = "handwritten"
CLAIMS_FILE: Final = "claims.txt"
UNCLEAR: Final = "?"
SEPARATOR: Final = " || "
_PARTY: Final = re.compile(r"\[([A-D]) ([^\[\]]+)\]")
_STANCE: Final = re.compile(r"([A-D@])([+?-])([A-D])")


def sentences() -> list[ExampleSentence]:
    """Read all sentences, in the order of the file names."""
    paths = [
        path
        for path in (files(__package__) / FOLDER).iterdir()
        if path.name.endswith(".txt") and path.name != CLAIMS_FILE
    ]
    return [
        parse_sentence(line) for path in sorted(paths, key=str) for line in path.read_text("utf-8").splitlines() if line
    ]


def claim_examples(reader: CorpusReader) -> list[Example]:
    """Return the claims and statements in the form of ``stance_corpora.claim_stance``."""
    examples = (claim_example(reader, claim, statement, supports=sign == "+") for claim, statement, sign in claims())
    return [example for example in examples if example is not None]


def claims() -> Iterator[tuple[str, str, str]]:
    """Yield (claim, statement, sign): ``+`` if the statement supports the claim, ``-`` if it opposes the claim."""
    for line in (files(__package__) / FOLDER / CLAIMS_FILE).read_text("utf-8").splitlines():
        claim, statement, sign = line.split(SEPARATOR)
        yield claim, statement, sign


def parse_sentence(line: str) -> ExampleSentence:
    """Parse one line."""
    marked, _, stances = line.rpartition(SEPARATOR.rstrip())
    sentence = ExampleSentence()
    end = 0
    for party in _PARTY.finditer(marked.rstrip()):
        letter, name = party.groups()
        sentence.text += marked[end : party.start()]
        sentence.parties[letter] = len(sentence.text), len(sentence.text) + len(name)
        sentence.text += name
        end = party.end()
    sentence.text += marked[end:].rstrip()
    for holder, sign, target in _STANCE.findall(stances):
        if sign == UNCLEAR:
            sentence.unclear.add(frozenset((holder, target)))
        else:
            sentence.stances[holder, target] = STANCES[sign]
    return sentence
