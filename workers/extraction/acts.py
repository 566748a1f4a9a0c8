"""Stage ``stancewire_acts``: what is done by saying it.

The cue's lemma decides; a plain "said" that something should be done is a demand.
"""

from __future__ import annotations

from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act

_DEMANDING: Final = frozenset({"should", "must", "ought"})
# How far into what is said the demand must come: later on it is mostly part of a relative clause.
REACH: Final = 25


@Language.factory("stancewire_acts")
class Acts:
    """Sets ``act`` of every statement."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take what spaCy hands to every factory; there is nothing to set."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Read and complete ``doc._.statements``."""
        for statement in doc._.statements:
            if statement.cue:
                statement.act = statement.cue.act
            start, end = statement.content[0]
            if statement.act is Act.ASSERT and any(doc[i].lower_ in _DEMANDING for i in range(start, min(end, start + REACH))):
                statement.act = Act.DEMAND
        return doc
