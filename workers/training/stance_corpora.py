"""The corpora of stances as examples for the model: pairs of names in a sentence, one name, a claim and a statement."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from workers.model.inputs import held_against
from workers.model.stance_heads import NONE, OPPOSE, SUPPORT, Pair
from workers.training.corpora import Example, Sided

if TYPE_CHECKING:
    from workers.model.alignment import AlignedWords
    from workers.training.corpora import Reader

# Classes of two names: neither, then the sides of the first, then those of the second.
BETWEEN: Final = {("none", None): 0, ("support", "a"): 1, ("oppose", "a"): 2, ("support", "b"): 3, ("oppose", "b"): 4}
CORRECTED: Final = "corrected.txt"
TOWARDS: Final = {"none": NONE, "support": SUPPORT, "oppose": OPPOSE}


def stance_pairs(reader: Reader, split: str) -> list[Example]:
    """Read who of two names is for or against the other, corrected in ``train``; the pairs of one text are one example."""
    corrected = corrections() if split == "train" else {}
    found: dict[str, tuple[AlignedWords, Example]] = {}
    for row in reader.rows("stance_pairs", split):
        placed, example = _example(reader, found, row["text"])
        a, b = placed.span(*row["a"]), placed.span(*row["b"])
        side = corrected.get(digest(row), (row["stance"], row["holder"]))
        if a and b and side in BETWEEN:
            example.sides.append(Sided(Pair(a, b, (0, len(example.words))), BETWEEN[side]))
    return [example for _, example in found.values()]


def corrections() -> dict[str, tuple[str, str | None]]:
    """Return what a careful reader takes otherwise than the corpus, by the digest of its row; no class where it is unclear."""
    lines = files(__package__).joinpath(CORRECTED).read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {name: (side, holder[0] if holder else None) for name, side, *holder in rows}


def digest(row: dict[str, Any]) -> str:
    """Name a row of the corpus by what a system sees of it."""
    return sha256(json.dumps([row["text"], row["a"], row["b"]]).encode()).hexdigest()[:16]


def target_sentiment(reader: Reader, split: str) -> list[Example]:
    """Read how a text stands to a name, in whoever's voice; the names of one text are one example."""
    found: dict[str, tuple[AlignedWords, Example]] = {}
    for row in reader.rows("target_sentiment", split):
        placed, example = _example(reader, found, row["text"])
        target = placed.span(*row["target"])
        if target:
            pair = Pair(None, target, (0, len(example.words)))
            example.sides.append(Sided(pair, TOWARDS[row["stance"]]))
    return [example for _, example in found.values()]


def claim_stance(reader: Reader, split: str) -> list[Example]:
    """Read whether a statement supports a claim (label 1) or opposes it (0): both as one document, the claim as the target."""
    found = (
        held(reader, row["claim"], row["text"], supports=row["stance"] == "support")
        for row in reader.rows("claim_stance", split)
    )
    return [example for example in found if example is not None]


def held(reader: Reader, claim: str, statement: str, *, supports: bool) -> Example | None:
    """Hold a statement against a claim; nothing where one of them holds no words."""
    about, said = (reader.place(text).words for text in (claim, statement))
    if not about.pieces or not said.pieces:
        return None
    words = held_against(about, said, reader.vocabulary.end)
    pair = Pair(None, (0, len(about)), (len(about), len(words)))
    return Example(words, sides=[Sided(pair, int(supports))])


def _example(reader: Reader, found: dict[str, tuple[AlignedWords, Example]], text: Any) -> tuple[AlignedWords, Example]:
    if text not in found:
        placed = reader.place(text)
        found[text] = placed, Example(placed.words)
    return found[text]
