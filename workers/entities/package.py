"""Component ``stancewire_package_entities``: entities of a spaCy package that an operator has installed.

It runs before our own entity component, which then only adds entities outside those of the package. The package reads
the text, not our tokens.
"""

from __future__ import annotations

from typing import Final

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType
from workers.doc.tokens import Offsets

# The labels of OntoNotes, used by the official English packages. Other labels (numbers, languages) are dropped.
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
# The package's memory grows with the text; longer texts are left to our own component.
_MAX_CHARS: Final = 1_000_000
_NEEDED_PIPES: Final = ("tok2vec", "transformer", "ner")


@Language.factory("stancewire_package_entities", default_config={"package": ""})
class PackageEntities:
    """Finds entities with another spaCy pipeline.

    Reads: the text. Writes: ``doc.ents``.
    """

    def __init__(self, nlp: Language, name: str, package: str) -> None:
        """Load ``package``. Raises ``OSError`` if it is not installed."""
        del nlp, name
        loaded = spacy.load(package)
        self.pipeline = spacy.load(package, exclude=[pipe for pipe in loaded.pipe_names if pipe not in _NEEDED_PIPES])

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc.ents`` to the package's entities, with our labels and aligned to our tokens."""
        if len(doc.text) > _MAX_CHARS:
            return doc
        offsets = Offsets(doc)
        spans = []
        free = 0
        for ent in self.pipeline(doc.text).ents:
            start, end = offsets.span(ent.start_char, ent.end_char)
            if ent.label_ in LABELS and start >= free:
                spans.append(Span(doc, start, end, label=LABELS[ent.label_].value))
                free = end
        doc.set_ents(spans)
        return doc
