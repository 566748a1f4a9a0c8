"""Stage ``stancewire_package_entities``: names from an official spaCy package, where an operator has installed one.

It runs before our own rules, which then only add what the package left free. The package sees the text, not our tokens.
"""

from __future__ import annotations

from typing import Final

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType
from workers.doc.tokens import Offsets

# OntoNotes' labels, which the official English packages use; the other numbers are no entities of ours.
LABELS: Final = {
    "PERSON": EntityType.PERSON,
    "ORG": EntityType.ORGANIZATION,
    "GPE": EntityType.LOCATION,
    "LOC": EntityType.LOCATION,
    "NORP": EntityType.NORP,
    "FAC": EntityType.FACILITY,
    "PRODUCT": EntityType.PRODUCT,
    "MONEY": EntityType.MONEY,
    "DATE": EntityType.DATE,
    "EVENT": EntityType.MISC,
    "WORK_OF_ART": EntityType.MISC,
    "LAW": EntityType.MISC,
}
# The package's parser and recogniser need memory in proportion; beyond this the rules are on their own.
MAX_CHARS: Final = 1_000_000
_NEEDED: Final = ("tok2vec", "transformer", "ner")


@Language.factory("stancewire_package_entities", default_config={"package": ""})
class PackageEntities:
    """Names entities with another pipeline."""

    def __init__(self, nlp: Language, name: str, package: str) -> None:
        """Load ``package``; raises ``OSError`` if it is not installed."""
        del nlp, name
        loaded = spacy.load(package)
        self.other = spacy.load(package, exclude=[pipe for pipe in loaded.pipe_names if pipe not in _NEEDED])

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc.ents`` to what the package finds, in our labels, aligned to our tokens."""
        if len(doc.text) > MAX_CHARS:
            return doc
        offsets = Offsets(doc)
        spans = []
        free = 0
        for ent in self.other(doc.text).ents:
            start, end = offsets.span(ent.start_char, ent.end_char)
            if ent.label_ in LABELS and start >= free:
                spans.append(Span(doc, start, end, label=LABELS[ent.label_].value))
                free = end
        doc.set_ents(spans)
        return doc
