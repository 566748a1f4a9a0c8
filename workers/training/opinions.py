"""The corpora of stances as examples for the model: pairs of names in a sentence, one name, a claim and a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workers.language.pairs import NONE, OPPOSE, SUPPORT, Pair
from workers.language.words import held_against
from workers.training.corpora import Example, Sided

if TYPE_CHECKING:
    from workers.language.placed import Placed
    from workers.training.corpora import Reader

# Classes of two names: neither, then the sides of the first, then those of the second.
BETWEEN: Final = {("none", None): 0, ("support", "a"): 1, ("oppose", "a"): 2, ("support", "b"): 3, ("oppose", "b"): 4}
TOWARDS: Final = {"none": NONE, "support": SUPPORT, "oppose": OPPOSE}


def stance_pairs(reader: Reader, split: str) -> list[Example]:
    """Read who of two names is for or against the other; the pairs of one text are one example."""
    found: dict[str, tuple[Placed, Example]] = {}
    for row in reader.rows("stance_pairs", split):
        placed, example = _example(reader, found, row["text"])
        a, b = placed.stretch(*row["a"]), placed.stretch(*row["b"])
        if a and b:
            pair = Pair(a, b, (0, len(example.words)))
            example.sides.append(Sided(pair, BETWEEN[row["stance"], row["holder"]]))
    return [example for _, example in found.values()]


def target_sentiment(reader: Reader, split: str) -> list[Example]:
    """Read how a text stands to a name, in whoever's voice; the names of one text are one example."""
    found: dict[str, tuple[Placed, Example]] = {}
    for row in reader.rows("target_sentiment", split):
        placed, example = _example(reader, found, row["text"])
        target = placed.stretch(*row["target"])
        if target:
            pair = Pair(None, target, (0, len(example.words)))
            example.sides.append(Sided(pair, TOWARDS[row["stance"]]))
    return [example for _, example in found.values()]


def claim_stance(reader: Reader, split: str) -> list[Example]:
    """Read whether a statement supports a claim (label 1) or opposes it (0): both as one document, the claim as the target."""
    examples = []
    for row in reader.rows("claim_stance", split):
        claim, statement = (reader.place(row[name]).words for name in ("claim", "text"))
        if not claim.pieces or not statement.pieces:
            continue
        words = held_against(claim, statement, reader.vocabulary.end)
        pair = Pair(None, (0, len(claim)), (len(claim), len(words)))
        examples.append(Example(words, sides=[Sided(pair, int(row["stance"] == "support"))]))
    return examples


def _example(reader: Reader, found: dict[str, tuple[Placed, Example]], text: Any) -> tuple[Placed, Example]:
    if text not in found:
        placed = reader.place(text)
        found[text] = placed, Example(placed.words)
    return found[text]
