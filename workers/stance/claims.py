"""Stance of a statement towards a claim: one encoder pass over both texts together."""

from __future__ import annotations

from typing import Final

import numpy as np
from spacy.language import Language

from services.contracts import StanceLabel
from workers.model.component import packaged_encoder
from workers.model.inputs import EncoderInput
from workers.text.cleaning import PLAIN_SPACES

_MAX_WORDS: Final = 120  # of each text, so that both fit into one encoder window


class ClaimJudge:
    """Decides whether a statement supports or opposes a claim."""

    def __init__(self, nlp: Language) -> None:
        """Keep ``nlp``, which splits texts into words; its components mark paragraphs, sentences and quotations."""
        self._nlp = nlp

    def __call__(self, claim: str, statement: str) -> tuple[StanceLabel, float]:
        """Return the stance of the statement towards the claim, and its calibrated probability.

        The model only knows support and opposition, so the statement must be about the claim's topic. Raises
        ``ValueError`` if either text has no words.
        """
        probability = support_probability(claim, statement, self._nlp)
        scale = packaged_encoder().heads.calibrations["claim_stance"]
        (calibrated,) = scale.calibrate(np.array([[probability, 1 - probability]], np.float32)).tolist()
        return max(
            zip((StanceLabel.SUPPORT, StanceLabel.OPPOSE), calibrated, strict=True), key=lambda labelled: labelled[1]
        )


def support_probability(claim: str, statement: str, nlp: Language) -> float:
    """Return the model's uncalibrated probability of support; ``nlp`` splits both texts into words."""
    return packaged_encoder().support_probability(*(_encoder_input(nlp, text) for text in (claim, statement)))


def _encoder_input(nlp: Language, text: str) -> EncoderInput:
    """Return the encoder's input for a text of at most ``_MAX_WORDS`` words."""
    with nlp.memory_zone():
        doc = nlp.make_doc(text.translate(PLAIN_SPACES))
        for name, stage in nlp.pipeline:
            if name != "stancewire_encoder":
                doc = stage(doc)
        return EncoderInput.of(doc, packaged_encoder().vocabulary, _MAX_WORDS)
