"""Component ``stancewire_speakers``: the entity that each source refers to.

Completes ``doc._.attributions`` and adds pronouns and descriptions to the mentions.

If the source contains a name, its head decides; a pronoun or a description ("the minister") is resolved to an
antecedent. If nothing fits, the speaker stays None: a missing speaker is better than a wrong one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from services.contracts import EntityType, MentionForm
from workers.coreference.attribution_scores import Evidence, Speech, set_result_scores
from workers.coreference.candidates import collect_candidates
from workers.coreference.described_names import Descriptions, read_descriptions
from workers.coreference.descriptions import description_span, organisation_descriptions, resolve_description
from workers.coreference.interviews import interview_pronouns
from workers.coreference.mentions import PERSONAL, PRONOUNS, Anaphor, Form, Mention, MentionReader
from workers.coreference.missed_names import find_missed_names
from workers.coreference.resolution import best_entity, entity_distributions, excluded_entities
from workers.coreference.sources import SourceReader
from workers.coreference.unnamed_speakers import find_unnamed_speakers
from workers.coreference.vectors import mention_vectors
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import gazetteer
from workers.model.antecedent_head import packaged_head

# The lowest probability of an entity at which a mention of each class is resolved: null rather than a guess. "He" and
# "she" have a name in nearly every article, and the likeliest is right more often than its probability says.
THRESHOLDS: Final = dict.fromkeys(Anaphor, 0.5) | {Anaphor.HE: 0.2, Anaphor.SHE: 0.2}
# Names of works, goods and buildings do not speak; a name that does is a body's.
_MISTAKEN_TYPES: Final = frozenset({EntityType.MISC, EntityType.PRODUCT, EntityType.FACILITY})
# Words that open a description of something that was mentioned before.
_DEFINITE: Final = frozenset({"the", "this", "that", "these", "those", "his", "her", "its", "their", "our", "my"})
_OTHER: Final = frozenset({"other", "another"})


@Language.factory("stancewire_speakers")
class Speakers:
    """Resolves sources, pronouns and descriptions to entities.

    Reads ``doc._.attributions``, ``doc._.entities``, ``doc._.encoded``, and the quotations and mentions of
    ``doc.spans``. Writes ``speaker`` and ``result_score`` of ``doc._.attributions``, adds pronouns and descriptions to
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
        sources = dict.fromkeys(record.source for record in attributions if record.source)
        open_sources = [source for source in sources if source not in named]
        missed, missed_names = find_missed_names(tokens, names, len(entities))
        unnamed, unnamed_spans = find_unnamed_speakers(
            tokens, open_sources, read.indefinite, len(entities) + len(missed)
        )
        descriptions |= {span: key for key, span in unnamed_spans.items()}
        candidates = [*entities, *missed, *unnamed]
        all_names = [
            *zip(names, keys, strict=True),
            *((name, key) for key in missed_names for name in missed_names[key]),
        ]
        quotations = [(span.start, span.end) for span in doc.spans.get("quotations", ()) if span._.speech]
        mentions = MentionReader(tokens, candidates, attributions, quotations).read(sorted(all_names), descriptions)
        if doc._.encoded is not None and doc._.encoded.inputs.omitted:
            last = doc._.encoded.inputs.tokens[-1]
            mentions = [mention for mention in mentions if mention.form is Form.NAME or mention.span.end <= last + 1]
        resolved, evidence = self._resolve(doc, tokens, candidates, mentions)
        for span, key in interview_pronouns(mentions, attributions, named):
            resolved[span] = key, MentionForm.PRONOUN
        _drop_misfits(read, candidates, resolved)
        # Missed names and unnamed speakers to which something refers become entities.
        own = set(unnamed_spans.values())
        used = sorted({key for span, (key, _) in resolved.items() if key >= len(entities) and span not in own})
        new_key = {key: key for key in range(len(entities))}
        new_key |= {old: len(entities) + i for i, old in enumerate(used)}
        entities += [replace(candidates[old], key=new_key[old]) for old in used]
        all_mentions = [(span, key, MentionForm.NAME) for span, key in zip(names, keys, strict=True)]
        all_mentions += [(span, new_key[old], MentionForm.NAME) for old in used for span in missed_names.get(old, ())]
        speakers = dict(named)
        for span, (old, form) in resolved.items():
            if old in new_key:
                all_mentions.append((read.wholes.get(span, span), new_key[old], form))
                speakers[span] = new_key[old]
                entity = entities[new_key[old]]
                is_personal = tokens.lower[span.start] in PERSONAL and form is MentionForm.PRONOUN
                if is_personal and entity.name not in gazetteer.places():
                    # "He" or "she" refers to a person, whatever the name looked like.
                    entity.type = EntityType.PERSON
        self._set_speakers(tokens, entities, attributions, speakers)
        set_result_scores(
            Speech.of(tokens, entities, named, all_mentions, evidence), attributions, vectors=self.head.uses_vectors
        )
        doc.spans["mentions"] = [_mention_span(doc, span, entities[key], form) for span, key, form in all_mentions]
        return doc

    def _set_speakers(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        attributions: list[AttributionRecord],
        speakers: dict[TokenSpan, int],
    ) -> None:
        """Set the speaker of each attribution, by the entities of sources and of the descriptions in them."""
        for attribution in attributions:
            if attribution.source is None:
                continue
            speaker = speakers.get(attribution.source, speakers.get(description_span(tokens, attribution.source)))
            attribution.speaker = speaker
            if speaker is not None and entities[speaker].type in _MISTAKEN_TYPES:
                entities[speaker].type = EntityType.ORGANIZATION

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
        reader = SourceReader(tokens, entities, names, keys)
        for source in sorted({attribution.source for attribution in attributions if attribution.source}):
            if source.end - source.start == 1 and tokens.lower[source.start] in PRONOUNS:
                continue
            key = reader.entity_of(source)
            if key is not None:
                named[source] = key
            elif tokens.lower[source.start] in _DEFINITE and not _OTHER.intersection(tokens.lower[slice(*source)]):
                key = resolve_description(tokens, entities, names, keys, source)
                descriptions[description_span(tokens, source)] = key
        return named, descriptions

    def _resolve(
        self, doc: Doc, tokens: Tokens, entities: list[EntityRecord], mentions: list[Mention]
    ) -> tuple[dict[TokenSpan, tuple[int, MentionForm]], dict[TokenSpan, Evidence]]:
        """Return the entity and the form of each pronoun and description that is resolved, and the evidence of all."""
        roles = {entity.key: frozenset(" ".join(entity.roles).lower().split()) for entity in entities}
        candidates = collect_candidates(tokens, mentions, roles)
        vectors = mention_vectors(doc._.encoded, mentions) if self.head.uses_vectors else None
        distributions = entity_distributions(mentions, candidates, self.head, vectors, excluded_entities(mentions))
        resolved: dict[TokenSpan, tuple[int, MentionForm]] = {}
        evidence: dict[TokenSpan, Evidence] = {}
        for mention, distribution in zip(mentions, distributions, strict=True):
            if mention.form is Form.NAME:
                continue
            evidence[mention.span] = Evidence.of(mention.anaphor, distribution, stated=mention.entity is not None)
            best = best_entity(distribution, THRESHOLDS[mention.anaphor])
            if best is not None:
                form = MentionForm.PRONOUN if mention.form is Form.PRONOUN else MentionForm.NOMINAL
                resolved[mention.span] = (best[0], form)
        return resolved, evidence


def _drop_misfits(
    read: Descriptions, entities: list[EntityRecord], resolved: dict[TokenSpan, tuple[int, MentionForm]]
) -> None:
    """Drop what a description cannot refer to, and give predicates the entity of their subject."""
    for span, (key, _) in list(resolved.items()):
        possessor = resolved.get(read.possessors.get(span, span), (None,))[0] if span in read.possessors else None
        if not read.allows(span, entities[key], possessor):
            del resolved[span]
    for predicate, subject in read.subjects.items():
        if (known := resolved.get(TokenSpan(subject, subject + 1))) is not None:
            resolved[predicate] = known[0], MentionForm.NOMINAL


def _mention_span(doc: Doc, span: TokenSpan, entity: EntityRecord, form: MentionForm) -> Span:
    """Return a span of ``doc.spans["mentions"]``."""
    mention = Span(doc, span.start, span.end, label=entity.type.value, span_id=str(entity.key))
    mention._.form = form
    return mention
