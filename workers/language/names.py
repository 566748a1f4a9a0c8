"""Stage ``stancewire_names``: names, dates and amounts, as the model reads them.

Writes ``doc.ents``, and on each its ``score``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from services.contracts import EntityType
from workers.extraction import gazetteer, lexicon
from workers.extraction.phrases import DETERMINERS, PREPOSITIONS, SUBORDINATORS
from workers.language import confidence
from workers.language.decoding import best_tags, probabilities
from workers.language.encode import Encoded, encoder
from workers.language.tags import ENTITIES, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.language.tags import Tagged

TYPES: Final = tuple(EntityType(label.upper()) for label in ENTITIES)


@Language.factory("stancewire_names")
class Names:
    """Reads entities off the scores of the model."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take the weights of this process."""
        del nlp, name
        self.heads = encoder().heads
        self.bodies = lexicon.words("organizations")
        self.governments = frozenset(gazetteer.governments()) - gazetteer.peoples()

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc.ents``; names already there (from a recogniser before this one) stay and win."""
        encoded: Encoded = doc._.encoded
        scores = encoded.scores.entities
        tags = best_tags(scores, encoded.scores.windows, self.heads.entities.transitions, self.heads.entities.first)
        certain = probabilities(scores, tags)
        found = []
        tagged_spans = spans(tags.tolist())
        persons = _parts_of_persons(doc, encoded, tagged_spans)
        starts = {encoded.stretch(tagged)[0] for tagged in tagged_spans}
        for tagged in tagged_spans:
            start, end = encoded.stretch(tagged)
            end = _whole(doc, start, end, starts) if TYPES[tagged.label] is EntityType.PERSON else end
            span = Span(doc, start, end, label=TYPES[tagged.label].value)
            # A capital that acts and speaks ("Kiev dismissed the offer") looks like a person.
            if span.label_ == EntityType.PERSON and span.text in self.governments and span.text not in persons:
                span = Span(doc, span.start, span.end, label=EntityType.LOCATION.value)
            # "Corvo Energy", alone in a sentence, looks like anything: 2 056 of 2 083 such names of the corpus are organisations.
            if span.label_ == EntityType.MISC and len(span) > 1 and span[-1].text in self.bodies:
                span = Span(doc, span.start, span.end, label=EntityType.ORGANIZATION.value)
            span._.features = confidence.entity(certain, tagged)
            span._.score = confidence.probability(span._.features, self.heads.entity_confidence)
            found.append(span)
        doc.set_ents(filter_spans([*doc.ents, *found]))
        return doc


def _whole(doc: Doc, start: int, end: int, starts: set[int]) -> int:
    """Return where a person's name ends: a single word takes the family name along that stands right behind it."""
    if end - start > 1 or end in starts or end >= len(doc):
        return end
    after = doc[end]
    goes_on = after.text.istitle() and after.text.isalpha() and doc[start].text.istitle() and after.sent == doc[start].sent
    return end + 1 if goes_on and after.lower_ not in DETERMINERS | PREPOSITIONS | SUBORDINATORS else end


def _parts_of_persons(doc: Doc, encoded: Encoded, found: Sequence[Tagged]) -> set[str]:
    """Return the words of the longer names of persons: a word of one may name that person elsewhere."""
    persons = (encoded.stretch(tagged) for tagged in found if TYPES[tagged.label] is EntityType.PERSON)
    return {doc[i].text for start, end in persons if end - start > 1 for i in range(start, end)}
