"""Stage ``stancewire_names``: names, dates and amounts, as the model reads them.

Writes ``doc.ents``, and on each its ``score``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from services.contracts import EntityType
from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.english.phrases import DETERMINERS, PREPOSITIONS, SUBORDINATORS
from workers.entities import scores
from workers.model import confidence
from workers.model.component import EncodedDocument, encoder
from workers.model.tags import ENTITIES, spans
from workers.model.viterbi import best_tags, probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.model.tags import Tagged

TYPES: Final = tuple(EntityType(label.upper()) for label in ENTITIES)


@Language.factory("stancewire_names")
class ModelEntities:
    """Reads entities off the scores of the model."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take the weights of this process."""
        del nlp, name
        self.heads = encoder().heads
        self.bodies = lexicon.words("organizations")
        self.given = lexicon.words("men") | lexicon.words("women")
        self.governments = frozenset(gazetteer.governments()) - gazetteer.peoples()

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc.ents``; names already there (from a recogniser before this one) stay and win."""
        encoded: EncodedDocument = doc._.encoded
        named = encoded.scores.entities
        tags = best_tags(named, encoded.scores.windows, self.heads.entities.transitions, self.heads.entities.first)
        certain = probabilities(named, tags)
        found = []
        tagged_spans = spans(tags.tolist())
        persons = _parts_of_persons(doc, encoded, tagged_spans)
        starts = {encoded.span(tagged)[0] for tagged in tagged_spans}
        for tagged in tagged_spans:
            start, end = encoded.span(tagged)
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
        known = filter_spans([*doc.ents, *found])
        doc.set_ents([*known, *_passed_over(doc, known, self.given)])
        return doc


def _whole(doc: Doc, start: int, end: int, starts: set[int]) -> int:
    """Return where a person's name ends: a single word takes the family name along that stands right behind it."""
    if end - start > 1 or end in starts or end >= len(doc):
        return end
    after = doc[end]
    goes_on = (
        after.text.istitle() and after.text.isalpha() and doc[start].text.istitle() and after.sent == doc[start].sent
    )
    return end + 1 if goes_on and after.lower_ not in DETERMINERS | PREPOSITIONS | SUBORDINATORS else end


def _passed_over(doc: Doc, known: Sequence[Span], given: frozenset[str]) -> list[Span]:
    """Find what can only be a person: a ``given`` name and a word with a capital, that touch no other capital.

    The model overlooks some of them in texts of a sentence or two; in the articles of the dev set, none.
    """
    tokens = Tokens.of(doc)
    taken = {i for span in known for i in range(span.start, span.end)}

    def capital(i: int) -> bool:
        return i < len(tokens) and tokens.words[i][0].isupper() and tokens.first[i] != i

    found = []
    for i, (name, family) in enumerate(pairwise(tokens.words)):
        if name not in given or taken & {i, i + 1} or not (family.istitle() and family.isalpha() and capital(i + 1)):
            continue
        alone = not (i and capital(i - 1)) and not capital(i + 2)
        if alone and tokens.lower[i + 1] not in lexicon.words("common"):
            span = Span(doc, i, i + 2, label=EntityType.PERSON.value)
            span._.score = scores.PRECISION[EntityType.PERSON]
            found.append(span)
    return found


def _parts_of_persons(doc: Doc, encoded: EncodedDocument, found: Sequence[Tagged]) -> set[str]:
    """Return the words of the longer names of persons: a word of one may name that person elsewhere."""
    persons = (encoded.span(tagged) for tagged in found if TYPES[tagged.label] is EntityType.PERSON)
    return {doc[i].text for start, end in persons if end - start > 1 for i in range(start, end)}
