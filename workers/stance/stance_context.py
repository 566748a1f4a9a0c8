"""The view of a document that the stance components share: sentences, participant mentions, reported speech."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from services.contracts import EntityType, MentionForm
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.english import gazetteer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Doc

    from workers.model.component import EncodedDocument
    from workers.stance.issues import Issue

# The entity types that can hold a stance or be its target.
PARTICIPANT_TYPES: Final = frozenset({EntityType.PERSON, EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.NORP})
# The number of words before and after a pair of mentions that the model reads.
CONTEXT_WORDS: Final = 60


class ParticipantMention(NamedTuple):
    """A mention of a possible holder or target of a stance.

    ``key`` is its entity, ``tokens`` its span, ``words`` its span among the encoder's words, end exclusive;
    ``is_name`` tells a name from a pronoun or description.
    """

    key: int
    tokens: TokenSpan
    words: tuple[int, int]
    is_name: bool


@dataclass(frozen=True, slots=True)
class StanceContext:
    """The sentences that the model has read, without boilerplate, and what the stance rules need about them.

    ``mentions`` are the participant mentions of each sentence. ``reported`` marks the tokens of contents and cues.
    ``by_speaker`` maps a speaker to the indices of its ``attributions``.
    ``by_mention`` maps a speaker and the first token of a mention to the index of the first of the speaker's
    ``attributions`` that has the mention.
    """

    encoded: EncodedDocument
    sentences: list[TokenSpan]
    mentions: list[list[ParticipantMention]]
    attributions: list[AttributionRecord]
    reported: bytearray
    by_speaker: dict[int, list[int]]
    by_mention: dict[tuple[int, int], int]
    entities: list[EntityRecord]

    @classmethod
    def of(cls, doc: Doc) -> Self:
        """Read a document that has been through all components up to ``stancewire_speakers``."""
        encoded: EncodedDocument = doc._.encoded
        tokens = encoded.inputs.tokens
        entities: list[EntityRecord] = doc._.entities
        attributions: list[AttributionRecord] = doc._.attributions
        boilerplate = bytearray(len(doc) + 1)
        for span in doc.spans.get("boilerplate", ()):
            boilerplate[span.start : span.end] = b"\1" * (span.end - span.start)
        reported = bytearray(len(doc) + 1)
        by_speaker: dict[int, list[int]] = {}
        for index, attribution in enumerate(attributions):
            if attribution.speaker is not None:
                by_speaker.setdefault(attribution.speaker, []).append(index)
            for start, end in (*attribution.content, *([attribution.cue.span] if attribution.cue else [])):
                reported[start:end] = b"\1" * (end - start)
        last = tokens[-1] + 1 if tokens else 0
        sentences = [
            trim_whitespace(doc, s.start, min(s.end, last))
            for s in doc.sents
            if s.start < last and not boilerplate[s.start]
        ]
        sentences = [sentence for sentence in sentences if sentence.start < sentence.end]
        starts = [sentence.start for sentence in sentences]
        mentions: list[list[ParticipantMention]] = [[] for _ in sentences]
        for span in sorted(doc.spans.get("mentions", ()), key=lambda span: (span.start, -span.end)):
            index = bisect_right(starts, span.start) - 1
            words = bisect_left(tokens, span.start), bisect_left(tokens, span.end)
            is_inside = index >= 0 and span.end <= sentences[index].end and words[0] < words[1]
            if is_inside and entities[int(span.id_)].type in PARTICIPANT_TYPES:
                is_name = span._.form == MentionForm.NAME
                mentions[index].append(
                    ParticipantMention(int(span.id_), TokenSpan(span.start, span.end), words, is_name)
                )
        by_mention = _attributions_by_mention(mentions, attributions)
        return cls(encoded, sentences, mentions, attributions, reported, by_speaker, by_mention, entities)

    def with_issues(self, issues: Sequence[Issue]) -> StanceContext:
        """Return the context with the mentions of issues; ``issues`` are entities of their own, after the others.

        An issue whose name is an entity already keeps its key.
        """
        tokens = self.encoded.inputs.tokens
        entities, mentions = list(self.entities), [list(of_sentence) for of_sentence in self.mentions]
        for issue in issues:
            key = issue.entity
            if key is None:
                key = len(entities)
                entities.append(EntityRecord(key, issue.name, EntityType.ISSUE, 1.0, frozenset()))
            for span in issue.mentions:
                index = self.sentence_index(span.start)
                words = bisect_left(tokens, span.start), bisect_left(tokens, span.end)
                if index >= 0 and span.end <= self.sentences[index].end and words[0] < words[1]:
                    mentions[index].append(ParticipantMention(key, span, words, issue.entity is not None))
        for of_sentence in mentions:
            of_sentence.sort(key=lambda mention: (mention.tokens.start, -mention.tokens.end))
        by_mention = _attributions_by_mention(mentions, self.attributions)
        return replace(self, entities=entities, mentions=mentions, by_mention=by_mention)

    def sentence_index(self, token: int) -> int:
        """Return the index of the sentence at a token, or of the last sentence before it; -1 before the first."""
        return bisect_right(self.sentences, token, key=lambda sentence: sentence.start) - 1

    def split_by_sentence(self, content: TokenSpan) -> list[tuple[TokenSpan, list[ParticipantMention]]]:
        """Split a content at sentence boundaries; with each part come all participant mentions of its sentence."""
        parts = []
        for index in range(max(0, self.sentence_index(content.start)), len(self.sentences)):
            sentence, mentions = self.sentences[index], self.mentions[index]
            if sentence.start >= content.end:
                break
            start, end = max(sentence.start, content.start), min(sentence.end, content.end)
            if start < end:
                parts.append((TokenSpan(start, end), mentions))
        return parts

    def reports_speech(self, sentence: TokenSpan) -> bool:
        """Return whether a sentence contains a token of a content or cue."""
        return any(self.reported[sentence.start : sentence.end])

    def content_sentence(self, index: int, target: ParticipantMention) -> TokenSpan | None:
        """Return the sentence of attribution ``index`` that mentions ``target``, cut to the content, or None."""
        for content in self.attributions[index].content:
            for part, _ in self.split_by_sentence(content):
                if part.start <= target.tokens.start < part.end:
                    return part
        return None

    def represents(self, holder: int, target: int) -> bool:
        """Return whether ``holder`` speaks for the country of ``target``: a Russian minister for Moscow.

        Both are entity keys.
        """
        countries = gazetteer.government_names()
        entity = self.entities[holder]
        country = countries.get(self.entities[target].name)
        return country is not None and (
            countries.get(entity.name) == country
            or any(countries.get(word) == country for role in entity.roles for word in role.split())
        )

    def word_window(self, span: TokenSpan, *mentions: ParticipantMention) -> tuple[int, int]:
        """Return the encoder's words of a span, cut to ``CONTEXT_WORDS`` around the mentions.

        ``mentions`` are in text order and always inside the result.
        """
        tokens = self.encoded.inputs.tokens
        start, end = bisect_left(tokens, span.start), bisect_left(tokens, span.end)
        start = max(start, min(mention.words[0] for mention in mentions) - CONTEXT_WORDS)
        end = min(end, max(mention.words[1] for mention in mentions) + CONTEXT_WORDS)
        return min(start, mentions[0].words[0]), max(end, mentions[-1].words[1])

    def attribution_mentioning(self, holder: int, target: ParticipantMention) -> int | None:
        """Return the index of the attribution in which ``holder`` mentions ``target`` at this place, or None."""
        return self.by_mention.get((holder, target.tokens.start))


def _attributions_by_mention(
    mentions: Sequence[Sequence[ParticipantMention]], attributions: Sequence[AttributionRecord]
) -> dict[tuple[int, int], int]:
    starts = sorted({mention.tokens.start for of_sentence in mentions for mention in of_sentence})
    first: dict[tuple[int, int], int] = {}
    for index, attribution in enumerate(attributions):
        if attribution.speaker is None:
            continue
        for start, end in attribution.content:
            for mention in starts[bisect_left(starts, start) : bisect_left(starts, end)]:
                first.setdefault((attribution.speaker, mention), index)
    return first


def trim_whitespace(doc: Doc, start: int, end: int) -> TokenSpan:
    """Return the span without white space at either end; it may become empty."""
    while start < end and doc[start].is_space:
        start += 1
    while end > start and doc[end - 1].is_space:
        end -= 1
    return TokenSpan(start, end)
