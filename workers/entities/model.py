"""Component ``stancewire_names``: entities read off the model's scores, with a few corrections by rule."""

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
from workers.entities.capital_evidence import with_evidence
from workers.entities.name_bounds import FoundName, NameBounds
from workers.entities.repeated_names import RepeatedNames
from workers.model import confidence
from workers.model.bounds import Page
from workers.model.component import EncodedDocument, packaged_encoder
from workers.model.tags import ENTITIES, decode_spans
from workers.model.viterbi import best_tags, tag_probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.model.tags import TaggedSpan

_TYPES: Final = tuple(EntityType(label.upper()) for label in ENTITIES)


@Language.factory("stancewire_names")
class ModelEntities:
    """Finds entities with the trained model.

    Reads: ``doc._.encoded``, and ``doc.ents`` of a component before it.
    Writes: ``doc.ents``, and on each new entity ``span._.score`` and ``span._.features``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Take the packaged weights and read the word lists."""
        del nlp, name
        self.heads = packaged_encoder().heads
        self.organization_words = lexicon.word_list("organizations")
        self.given_names = lexicon.word_list("men") | lexicon.word_list("women")
        self.governments = frozenset(gazetteer.government_names()) - gazetteer.peoples()

    def __call__(self, doc: Doc) -> Doc:
        """Add the model's entities to ``doc.ents``. Existing entities are kept and win where they overlap."""
        encoded: EncodedDocument = doc._.encoded
        tokens = Tokens.of(doc)
        logits = with_evidence(encoded.scores.entities, tokens, encoded.inputs.tokens)
        tags = best_tags(logits, encoded.scores.windows, self.heads.entities.transitions, self.heads.entities.start)
        tag_probability = tag_probabilities(logits, tags)
        tagged_spans = Page.of(doc).split(encoded.inputs, decode_spans(tags.tolist()), keep_boilerplate=True)
        person_words = _words_of_full_names(encoded, doc, tagged_spans)
        starts = {encoded.span(tagged)[0] for tagged in tagged_spans}
        names = []
        for origin, tagged in enumerate(tagged_spans):
            start, end = encoded.span(tagged)
            entity_type = _TYPES[tagged.label]
            end = _full_name_end(doc, start, end, starts) if entity_type is EntityType.PERSON else end
            text = doc[start:end].text
            # The model takes capitals that act and speak ("Kiev dismissed the offer") for persons.
            if entity_type is EntityType.PERSON and text in self.governments and text not in person_words:
                entity_type = EntityType.LOCATION
            # The model is unsure of names such as "Corvo Energy" in short texts. Of the names in the corpus that end in
            # such a word, 2 056 of 2 083 are organisations.
            if entity_type is EntityType.MISC and end - start > 1 and doc[end - 1].text in self.organization_words:
                entity_type = EntityType.ORGANIZATION
            names.append(FoundName(start, end, entity_type, origin))
        entities = []
        for name in RepeatedNames(tokens).complete(NameBounds(tokens).correct(names)):
            span = Span(doc, name.start, name.end, label=name.type.value)
            span._.features = confidence.entity_features(tag_probability, tagged_spans[name.origin])
            span._.score = confidence.probability(span._.features, self.heads.entity_confidence)
            entities.append(span)
        accepted = filter_spans([*doc.ents, *entities])
        doc.set_ents([*accepted, *_missed_persons(doc, accepted, self.given_names)])
        return doc


def _full_name_end(doc: Doc, start: int, end: int, starts: set[int]) -> int:
    """Return the end of a person's name: a name of one word is extended by a family name directly after it."""
    if end - start > 1 or end in starts or end >= len(doc):
        return end
    after = doc[end]
    is_name = (
        after.text.istitle() and after.text.isalpha() and doc[start].text.istitle() and after.sent == doc[start].sent
    )
    return end + 1 if is_name and after.lower_ not in DETERMINERS | PREPOSITIONS | SUBORDINATORS else end


def _missed_persons(doc: Doc, entities: Sequence[Span], given_names: frozenset[str]) -> list[Span]:
    """Return persons outside ``entities``: a given name and a capitalised word, without another capital next to them.

    The model misses some of them in texts of one or two sentences; in the articles of the dev set it misses none.
    """
    tokens = Tokens.of(doc)
    taken = {i for span in entities for i in range(span.start, span.end)}

    def is_capitalized_inside_sentence(i: int) -> bool:
        return i < len(tokens) and tokens.words[i][0].isupper() and tokens.sentence_start[i] != i

    persons = []
    for i, (given_name, family_name) in enumerate(pairwise(tokens.words)):
        if given_name not in given_names or taken & {i, i + 1}:
            continue
        if not (family_name.istitle() and family_name.isalpha() and is_capitalized_inside_sentence(i + 1)):
            continue
        alone = not (i and is_capitalized_inside_sentence(i - 1)) and not is_capitalized_inside_sentence(i + 2)
        if alone and tokens.lower[i + 1] not in lexicon.word_list("common"):
            span = Span(doc, i, i + 2, label=EntityType.PERSON.value)
            span._.score = scores.PRECISION[EntityType.PERSON]
            persons.append(span)
    return persons


def _words_of_full_names(encoded: EncodedDocument, doc: Doc, tagged_spans: Sequence[TaggedSpan]) -> set[str]:
    """Return the words of persons' names of several words; each of them alone may name the person elsewhere."""
    persons = (encoded.span(tagged) for tagged in tagged_spans if _TYPES[tagged.label] is EntityType.PERSON)
    return {doc[i].text for start, end in persons if end - start > 1 for i in range(start, end)}
