"""Whether a statement supports or opposes a claim: one encoder pass over the two together."""

from __future__ import annotations

from typing import Final

import numpy as np
from spacy.language import Language

from services.contracts import StanceLabel
from workers.model.component import encoder
from workers.model.inputs import EncoderInput
from workers.text.cleaning import PLAIN_SPACES

_MOST: Final = 120  # words of either that are read: both have to fit into one window


class ClaimJudge:
    """Tells which side a statement takes on a claim."""

    def __init__(self, nlp: Language) -> None:
        """Split both texts into words with ``nlp``, whose components mark paragraphs, sentences and quotations."""
        self._nlp = nlp

    def __call__(self, claim: str, statement: str) -> tuple[StanceLabel, float]:
        """Return the side that the statement takes on the claim, and its calibrated probability.

        The head knows two sides only: do not ask about a statement that has nothing to do with the claim. Raises
        ``ValueError`` if either text has no words.
        """
        share = support(claim, statement, self._nlp)
        scale = encoder().heads.scales["claim_stance"]
        (true,) = scale.true(np.array([[share, 1 - share]], np.float32)).tolist()
        return max(zip((StanceLabel.SUPPORT, StanceLabel.OPPOSE), true, strict=True), key=lambda side: side[1])


def support(claim: str, statement: str, nlp: Language) -> float:
    """Return the probability of support as the model gives it; ``nlp`` cuts both texts into words."""
    return encoder().support(*(_words(nlp, text) for text in (claim, statement)))


def _words(nlp: Language, text: str) -> EncoderInput:
    with nlp.memory_zone():
        doc = nlp.make_doc(text.translate(PLAIN_SPACES))
        for name, stage in nlp.pipeline:
            if name != "stancewire_encoder":
                doc = stage(doc)
        return EncoderInput.of(doc, encoder().vocabulary, _MOST)
