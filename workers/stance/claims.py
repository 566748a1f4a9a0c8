"""Whether a statement supports or opposes a claim: a pass of the encoder over both together."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from spacy.language import Language

from services.contracts import StanceLabel
from workers.language.encode import encoder
from workers.language.words import Words
from workers.reading.cleaning import PLAIN_SPACES

_MOST: Final = 120  # words of either that are read: both have to fit into one window


def judge(claim: str, statement: str) -> tuple[StanceLabel, float]:
    """Return the side that a statement takes on a claim, and the probability that it takes this one of the two.

    A statement that has nothing to do with the claim takes no side, and is not to be asked about. Raises
    ``ValueError`` if one of them holds no words.
    """
    share = support(claim, statement, _reader())
    scale = encoder().heads.scales["claim_stance"]
    (true,) = scale.true(np.array([[share, 1 - share]], np.float32)).tolist()
    return max(zip((StanceLabel.SUPPORT, StanceLabel.OPPOSE), true, strict=True), key=lambda side: side[1])


def support(claim: str, statement: str, nlp: Language) -> float:
    """Return the probability of support as the model gives it; ``nlp`` cuts both texts into words."""
    return encoder().support(*(_words(nlp, text) for text in (claim, statement)))


def _words(nlp: Language, text: str) -> Words:
    with nlp.memory_zone():
        doc = nlp.make_doc(text.translate(PLAIN_SPACES))
        for name, stage in nlp.pipeline:
            if name != "stancewire_encoder":
                doc = stage(doc)
        return Words.of(doc, encoder().vocabulary, _MOST)


@cache
def _reader() -> Language:
    from workers.pipeline import language  # the pipeline's stages import this module

    return language(("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations"))
