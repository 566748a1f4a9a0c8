"""A document as the stance stages see it: its sentences, whom they mention, and whose words they tell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from services.contracts import EntityType, MentionForm
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.english import gazetteer

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from workers.model.component import EncodedDocument

# Who can hold a stance or be its target.
PARTIES: Final = frozenset({EntityType.PERSON, EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.NORP})
# The model is shown so many words on either side of a pair.
AROUND: Final = 60


class Mention(NamedTuple):
    """A mention of a party; ``words`` are the encoder's."""

    key: int
    tokens: TokenSpan
    words: tuple[int, int]
    named: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """The sentences that the model has read, outside of boilerplate, and the mentions in each."""

    encoded: EncodedDocument
    sentences: list[TokenSpan]
    mentions: list[list[Mention]]
    statements: list[AttributionRecord]
    told: bytearray  # by token: somebody's words, or those that attribute them
    spoken: dict[int, list[int]]  # by speaker: the numbers of the statements
    entities: list[EntityRecord]

    @classmethod
    def of(cls, doc: Doc) -> Self:
        """Look at a document that has been through the stages up to its speakers."""
        encoded: EncodedDocument = doc._.encoded
        tokens = encoded.words.tokens
        entities: list[EntityRecord] = doc._.entities
        statements: list[AttributionRecord] = doc._.attributions
        aside = bytearray(len(doc) + 1)
        for span in doc.spans.get("boilerplate", ()):
            aside[span.start : span.end] = b"\1" * (span.end - span.start)
        told = bytearray(len(doc) + 1)
        spoken: dict[int, list[int]] = {}
        for index, statement in enumerate(statements):
            if statement.speaker is not None:
                spoken.setdefault(statement.speaker, []).append(index)
            for start, end in (*statement.content, *([statement.cue.span] if statement.cue else [])):
                told[start:end] = b"\1" * (end - start)
        last = tokens[-1] + 1 if tokens else 0
        sentences = [
            trimmed(doc, s.start, min(s.end, last)) for s in doc.sents if s.start < last and not aside[s.start]
        ]
        sentences = [sentence for sentence in sentences if sentence.start < sentence.end]
        starts = [sentence.start for sentence in sentences]
        inside: list[list[Mention]] = [[] for _ in sentences]
        for span in sorted(doc.spans.get("mentions", ()), key=lambda span: (span.start, -span.end)):
            at = bisect_right(starts, span.start) - 1
            words = bisect_left(tokens, span.start), bisect_left(tokens, span.end)
            fits = at >= 0 and span.end <= sentences[at].end and words[0] < words[1]
            if fits and entities[int(span.id_)].type in PARTIES:
                named = span._.form == MentionForm.NAME
                inside[at].append(Mention(int(span.id_), TokenSpan(span.start, span.end), words, named))
        return cls(encoded, sentences, inside, statements, told, spoken, entities)

    def sentence_at(self, token: int) -> int:
        """Return the number of the sentence that holds a token, or that of the last one before it."""
        return bisect_right(self.sentences, token, key=lambda sentence: sentence.start) - 1

    def parts(self, content: TokenSpan) -> list[tuple[TokenSpan, list[Mention]]]:
        """Cut a content at its sentences; with each part comes everybody whom its sentence mentions."""
        first = max(0, self.sentence_at(content.start))
        found = []
        for sentence, inside in zip(self.sentences[first:], self.mentions[first:], strict=True):
            if sentence.start >= content.end:
                break
            start, end = max(sentence.start, content.start), min(sentence.end, content.end)
            if start < end:
                found.append((TokenSpan(start, end), inside))
        return found

    def tells(self, sentence: TokenSpan) -> bool:
        """Say whether a sentence holds somebody's words, or attributes some."""
        return any(self.told[sentence.start : sentence.end])

    def part(self, index: int, target: Mention) -> TokenSpan | None:
        """Return the sentence of a statement's content in which ``target`` is mentioned, cut to the content."""
        for content in self.statements[index].content:
            for said, _ in self.parts(content):
                if said.start <= target.tokens.start < said.end:
                    return said
        return None

    def own(self, holder: int, target: int) -> bool:
        """Whether ``holder`` speaks for the country that ``target`` stands for: a Russian minister for Moscow."""
        governments = gazetteer.governments()
        one, other = self.entities[holder], self.entities[target]
        country = governments.get(other.name)
        return country is not None and (
            governments.get(one.name) == country
            or any(governments.get(word) == country for role in one.roles for word in role.split())
        )

    def passage(self, stretch: TokenSpan, *mentions: Mention) -> tuple[int, int]:
        """Return the words of a stretch, or those around the mentions if it is long."""
        tokens = self.encoded.words.tokens
        start, end = bisect_left(tokens, stretch.start), bisect_left(tokens, stretch.end)
        start = max(start, min(mention.words[0] for mention in mentions) - AROUND)
        end = min(end, max(mention.words[1] for mention in mentions) + AROUND)
        return min(start, mentions[0].words[0]), max(end, mentions[-1].words[1])

    def statement(self, holder: int, target: Mention) -> int | None:
        """Return the statement in which ``holder`` speaks of ``target``, if that is how the target is mentioned."""
        for index in self.spoken.get(holder, ()):
            if any(start <= target.tokens.start < end for start, end in self.statements[index].content):
                return index
        return None


def trimmed(doc: Doc, start: int, end: int) -> TokenSpan:
    """Leave out white space on either side; nothing may be left."""
    while start < end and doc[start].is_space:
        start += 1
    while end > start and doc[end - 1].is_space:
        end -= 1
    return TokenSpan(start, end)
