"""Component ``stancewire_speakers``: the entity that each source refers to.

Completes ``doc._.attributions`` and adds pronouns and descriptions to the mentions.

If the source contains a name, its head decides; a pronoun or a description ("the minister") is resolved to an
antecedent. If nothing fits, the speaker stays None: a missing speaker is better than a wrong one.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType, MentionForm
from workers.coreference.candidates import collect_candidates
from workers.coreference.described_names import read_descriptions
from workers.coreference.descriptions import DETACHING_WORDS, organisation_descriptions, resolve_description
from workers.coreference.mentions import PERSONAL, PRONOUNS, Anaphor, Form, Mention, MentionReader
from workers.coreference.missed_names import find_missed_names
from workers.coreference.resolution import best_entity, entity_distributions, excluded_entities
from workers.coreference.vectors import mention_vectors
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english.phrases import PREPOSITIONS
from workers.model.antecedent_head import packaged_head

# In tokens, from a comma to a name in apposition, titles included ("the judge, Mrs Justice Loxley").
MAX_APPOSITION_DISTANCE: Final = 3
_GENITIVES: Final = frozenset({"'s", "’s"})
_NON_SPEAKER_TYPES: Final = frozenset({EntityType.DATE, EntityType.MONEY})
# Lower-case words before a name that are not the head of the phrase.
_MODIFIERS: Final = frozenset(
    {"the", "former", "ex", "top", "senior", "then", "late", "outgoing", "veteran", "a", "an", "this"}
)
# The lowest probability of an entity at which a mention of each class is resolved: null rather than a guess.
THRESHOLDS: Final = dict.fromkeys(Anaphor, 0.5) | {Anaphor.HE: 0.4, Anaphor.SHE: 0.4}
# Words that open a description of something that was mentioned before.
_DEFINITE: Final = frozenset({"the", "this", "that", "these", "those", "his", "her", "its", "their", "our", "my"})
_OTHER: Final = frozenset({"other", "another"})


@Language.factory("stancewire_speakers")
class Speakers:
    """Resolves sources, pronouns and descriptions to entities.

    Reads ``doc._.attributions``, ``doc._.entities``, ``doc._.encoded``, and the quotations and mentions of
    ``doc.spans``. Writes ``speaker`` of ``doc._.attributions``, adds pronouns and descriptions to
    ``doc.spans["mentions"]``, and adds names that only a pronoun shows to be persons to ``doc._.entities``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Load the weights of the head, once per process: with vectors if the pipeline has an encoder."""
        del name
        self.head = packaged_head(vectors="stancewire_encoder" in nlp.pipe_names)

    def __call__(self, doc: Doc) -> Doc:
        """Set the speakers of ``doc._.attributions`` and extend the mentions."""
        tokens = Tokens.of(doc)
        entities: list[EntityRecord] = doc._.entities
        spans = list(doc.spans.get("mentions", ()))
        names = [TokenSpan(span.start, span.end) for span in spans]
        keys = [int(span.id_) for span in spans]
        attributions: list[AttributionRecord] = doc._.attributions
        named, descriptions = self._read_sources(tokens, entities, names, keys, attributions)
        descriptions |= dict(organisation_descriptions(tokens, entities, names, keys))
        read = read_descriptions(doc, tokens, entities, names, keys)
        descriptions |= {
            span: key if key is not None else descriptions.get(span) for span, key in read.descriptions.items()
        }
        missed, missed_names = find_missed_names(tokens, names, len(entities))
        candidates = [*entities, *missed]
        all_names = [
            *zip(names, keys, strict=True),
            *((name, key) for key in missed_names for name in missed_names[key]),
        ]
        quotations = [(span.start, span.end) for span in doc.spans.get("quotations", ()) if span._.speech]
        mentions = MentionReader(tokens, candidates, attributions, quotations).read(sorted(all_names), descriptions)
        if doc._.encoded is not None and doc._.encoded.inputs.omitted:
            last = doc._.encoded.inputs.tokens[-1]
            mentions = [mention for mention in mentions if mention.form is Form.NAME or mention.span.end <= last + 1]
        resolved = self._resolve(doc, tokens, candidates, mentions)
        for span, (key, _) in list(resolved.items()):
            possessor = resolved.get(read.possessors.get(span, span), (None,))[0] if span in read.possessors else None
            if not read.allows(span, candidates[key], possessor):
                del resolved[span]
        for predicate, subject in read.subjects.items():
            if (known := resolved.get(TokenSpan(subject, subject + 1))) is not None:
                resolved[predicate] = known[0], MentionForm.NOMINAL
        used = sorted({key for key, _ in resolved.values() if key in missed_names})
        # Missed names that a pronoun refers to become entities; their keys continue those of the other entities.
        new_key = {old: len(entities) + i for i, old in enumerate(used)}
        entities += [replace(candidates[old], key=key) for old, key in new_key.items()]
        all_mentions = [(span, key, MentionForm.NAME) for span, key in zip(names, keys, strict=True)]
        all_mentions += [(span, key, MentionForm.NAME) for old, key in new_key.items() for span in missed_names[old]]
        for span, (old, form) in resolved.items():
            key = new_key.get(old, old)
            all_mentions.append((read.wholes.get(span, span), key, form))
            if tokens.lower[span.start] in PERSONAL and form is MentionForm.PRONOUN:
                # "He" or "she" refers to a person, whatever the name looked like.
                entities[key].type = EntityType.PERSON
        doc.spans["mentions"] = [_mention_span(doc, span, entities[key], form) for span, key, form in all_mentions]
        for attribution in attributions:
            source = attribution.source
            if source is not None:
                mention = resolved.get(_description_span(tokens, source))
                attribution.speaker = named.get(source) if mention is None else new_key.get(mention[0], mention[0])
        return doc

    def _read_sources(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[TokenSpan],
        keys: list[int],
        attributions: list[AttributionRecord],
    ) -> tuple[dict[TokenSpan, int], dict[TokenSpan, int | None]]:
        """Return the entities of the sources that are names, and the sources that are descriptions.

        A description comes with the key of its entity if the article states its role.
        """
        named: dict[TokenSpan, int] = {}
        descriptions: dict[TokenSpan, int | None] = {}
        name_starts = [name.start for name in names]
        for source in {attribution.source for attribution in attributions if attribution.source}:
            if source.end - source.start == 1 and tokens.lower[source.start] in PRONOUNS:
                continue
            key = self._named_entity(tokens, entities, names, keys, name_starts, source)
            if key is not None:
                named[source] = key
            elif tokens.lower[source.start] in _DEFINITE and not _OTHER.intersection(tokens.lower[slice(*source)]):
                key = resolve_description(tokens, entities, names, keys, source)
                descriptions[_description_span(tokens, source)] = key
        return named, descriptions

    def _resolve(
        self, doc: Doc, tokens: Tokens, entities: list[EntityRecord], mentions: list[Mention]
    ) -> dict[TokenSpan, tuple[int, MentionForm]]:
        """Return the entity and the form of each pronoun and description that is resolved."""
        roles = {entity.key: frozenset(" ".join(entity.roles).lower().split()) for entity in entities}
        candidates = collect_candidates(tokens, mentions, roles)
        vectors = mention_vectors(doc._.encoded, mentions) if self.head.uses_vectors else None
        distributions = entity_distributions(mentions, candidates, self.head, vectors, excluded_entities(mentions))
        resolved: dict[TokenSpan, tuple[int, MentionForm]] = {}
        for mention, distribution in zip(mentions, distributions, strict=True):
            if mention.form is Form.NAME:
                continue
            best = best_entity(distribution, THRESHOLDS[mention.anaphor])
            if best is not None:
                form = MentionForm.PRONOUN if mention.form is Form.PRONOUN else MentionForm.NOMINAL
                resolved[mention.span] = (best[0], form)
        return resolved

    def _named_entity(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[TokenSpan],
        keys: list[int],
        name_starts: list[int],
        source: TokenSpan,
    ) -> int | None:
        """Return the entity named by the head of the source, or None.

        In "Moyo's lawyer" and "a spokesman for Moyo" the head is not a name.
        """
        first_word = tokens.lower[source.start]
        if source.end - source.start == 1 and first_word in {"who", "which"}:
            k = bisect_left(name_starts, source.start) - 1
            is_antecedent = (
                k >= 0 and source.start - names[k].end <= 1 and entities[keys[k]].type not in _NON_SPEAKER_TYPES
            )
            return keys[k] if is_antecedent else None
        inside = []
        k = bisect_left(name_starts, source.start)
        while k < len(names) and names[k].end <= source.end:
            # "Osei" is not the head of "Osei's promise", but of "Osei's" alone.
            if tokens.at(names[k].end) not in _GENITIVES or names[k].end >= source.end - 1:
                inside.append(k)
            k += 1
        inside = [
            k
            for k in inside
            if entities[keys[k]].type not in _NON_SPEAKER_TYPES | {EntityType.NORP} or names[k] == source
        ]
        comma = next((i for i in range(source.start, source.end) if tokens.words[i] == ","), source.end)
        preposition = next((i for i in range(source.start, comma) if tokens.lower[i] in PREPOSITIONS), comma)
        for k in inside:
            # "Japan's trade minister, Kenji Morita": the name right after the comma is an apposition to the head.
            is_apposition = 0 < names[k].start - comma <= MAX_APPOSITION_DISTANCE and tokens.lower[comma + 1] != "by"
            if entities[keys[k]].type is EntityType.PERSON and (
                is_apposition
                or names[k].start < preposition
                or not self._has_common_head(tokens, source.start, preposition)
            ):
                return keys[k]
        for k in inside:
            opens_source = all(
                tokens.lower[i] in {"the", "both", "a"} or not tokens.words[i][0].isalnum()
                for i in range(source.start, names[k].start)
            )
            if (
                opens_source
                and names[k].end <= comma
                and (
                    names[k].end == comma
                    or tokens.lower[names[k].end] in {"and", "of", "in", "(", "for"} | PREPOSITIONS
                )
            ):
                return keys[k]
        return None

    def _has_common_head(self, tokens: Tokens, start: int, end: int) -> bool:
        """Return whether lower-case words before a preposition head the source, so that a name after it does not."""
        return any(tokens.words[i][0].islower() and tokens.lower[i] not in _MODIFIERS for i in range(start, end))


def _description_span(tokens: Tokens, source: TokenSpan) -> TokenSpan:
    """Return a source without what follows its head: "the minister" of "the minister of works"."""
    first = source.start + 1
    end = next((i for i in range(first, source.end) if tokens.lower[i] in DETACHING_WORDS), source.end)
    return TokenSpan(source.start, end)


def _mention_span(doc: Doc, span: TokenSpan, entity: EntityRecord, form: MentionForm) -> Span:
    """Return a span of ``doc.spans["mentions"]``."""
    mention = Span(doc, span.start, span.end, label=entity.type.value, span_id=str(entity.key))
    mention._.form = form
    return mention
