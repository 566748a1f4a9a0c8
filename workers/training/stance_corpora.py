"""Reads the stance corpora as training examples: pairs of names, single targets, and claims with statements."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from workers.model.inputs import join_claim_and_statement
from workers.model.stance_heads import NONE, OPPOSE, SUPPORT, Pair
from workers.training.corpora import Example, LabelledPair

if TYPE_CHECKING:
    from workers.model.alignment import AlignedWords
    from workers.training.corpora import CorpusReader

# Classes of a pair: no stance, then the stances held by the first name, then those held by the second.
PAIR_CLASSES: Final = {
    ("none", None): 0,
    ("support", "a"): 1,
    ("oppose", "a"): 2,
    ("support", "b"): 3,
    ("oppose", "b"): 4,
}
TARGET_CLASSES: Final = {"none": NONE, "support": SUPPORT, "oppose": OPPOSE}
CORRECTIONS_FILE: Final = "corrected.txt"


def stance_pairs(reader: CorpusReader, split: str) -> list[Example]:
    """Read the stances between two names, with corrections in ``train``; all pairs of one text form one example."""
    corrected = corrections() if split == "train" else {}
    examples: dict[str, tuple[AlignedWords, Example]] = {}
    for row in reader.rows("stance_pairs", split):
        aligned, example = _example_for_text(reader, examples, row["text"])
        a, b = aligned.span(*row["a"]), aligned.span(*row["b"])
        label = corrected.get(digest(row), (row["stance"], row["holder"]))
        if a and b and label in PAIR_CLASSES:
            example.pairs.append(LabelledPair(Pair(a, b, (0, len(example.words))), PAIR_CLASSES[label]))
    return [example for _, example in examples.values()]


def corrections() -> dict[str, tuple[str, str | None]]:
    """Return corrected labels (stance, holder) by the digest of the row.

    A careful reader disagrees with the corpus on these rows. The stance is "unclear", which is not a class, for rows
    that readers would dispute.
    """
    lines = files(__package__).joinpath(CORRECTIONS_FILE).read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {row_digest: (stance, holder[0] if holder else None) for row_digest, stance, *holder in rows}


def digest(row: dict[str, Any]) -> str:
    """Return an identifier of a row, computed from the fields that a system may read."""
    return sha256(json.dumps([row["text"], row["a"], row["b"]]).encode()).hexdigest()[:16]


def target_sentiment(reader: CorpusReader, split: str) -> list[Example]:
    """Read the stance of a text towards a name, whoever holds it; all names of one text form one example."""
    examples: dict[str, tuple[AlignedWords, Example]] = {}
    for row in reader.rows("target_sentiment", split):
        aligned, example = _example_for_text(reader, examples, row["text"])
        target = aligned.span(*row["target"])
        if target:
            pair = Pair(None, target, (0, len(example.words)))
            example.pairs.append(LabelledPair(pair, TARGET_CLASSES[row["stance"]]))
    return [example for _, example in examples.values()]


def claim_stance(reader: CorpusReader, split: str) -> list[Example]:
    """Read whether a statement supports a claim (label 1) or opposes it (label 0)."""
    examples = (
        claim_example(reader, row["claim"], row["text"], supports=row["stance"] == "support")
        for row in reader.rows("claim_stance", split)
    )
    return [example for example in examples if example is not None]


def claim_example(reader: CorpusReader, claim: str, statement: str, *, supports: bool) -> Example | None:
    """Return a claim and a statement as one document, with the claim as the target; ``None`` if either has no words."""
    claim_words, statement_words = (reader.align(text).words for text in (claim, statement))
    if not claim_words.pieces or not statement_words.pieces:
        return None
    words = join_claim_and_statement(claim_words, statement_words, reader.vocabulary.end)
    pair = Pair(None, (0, len(claim_words)), (len(claim_words), len(words)))
    return Example(words, pairs=[LabelledPair(pair, int(supports))])


def _example_for_text(
    reader: CorpusReader, examples: dict[str, tuple[AlignedWords, Example]], text: str
) -> tuple[AlignedWords, Example]:
    """Return the aligned words and the example of a text; add them to ``examples`` if the text is new."""
    if text not in examples:
        aligned = reader.align(text)
        examples[text] = aligned, Example(aligned.words)
    return examples[text]
