"""Stage ``stancewire_statements``: who said what, as the model reads it, with the rules as a second opinion.

Completes ``doc._.cues`` and ``doc._.attributions``.

Spans of sources, cues and contents come from the best sequence of tags, so that none is broken and none
overlaps. A content belongs to the cue that the links choose for it, a cue to the source that they choose; each
cue with a content is one statement. What the page's layout and quotation marks attribute is added after it, by
``stancewire_layouts``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.attribution.merge_rules import Found, agrees, seconded
from workers.attribution.sources import complete
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lemmas import lemma
from workers.model import confidence
from workers.model.component import EncodedDocument, encoder
from workers.model.link_scorer import CONTENT, SOURCE, choose
from workers.model.tags import PARTS, ROLES, Tagged, spans
from workers.model.viterbi import best_tags, probabilities
from workers.segmentation.quotations import MARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERB: Final = PARTS.index("VERB")
_NOUN: Final = PARTS.index("NOUN")
_CUE, _CONTENT, _SOURCE = ROLES.index("cue"), ROLES.index("content"), ROLES.index("source")


@Language.factory("stancewire_statements")
class ModelAttributions:
    """Reads statements off the roles and links of the model."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take the weights of this process."""
        del nlp, name
        self.encoder = encoder()
        self.forms = lexicon.acts()

    def __call__(self, doc: Doc) -> Doc:
        """Set the cues and, in the order of their contents, the statements.

        Reads ``doc._.encoded`` and the statements of the rules.
        """
        encoded: EncodedDocument = doc._.encoded
        heads = self.encoder.heads
        tags = best_tags(encoded.scores.roles, encoded.scores.windows, heads.roles.transitions, heads.roles.first)
        found = _joined(spans(tags.tolist()), {start for start, _ in encoded.scores.windows})
        certain = probabilities(encoded.scores.roles, tags)
        sources, cues, contents = ([span for span in found if span.label == role] for role in (_SOURCE, _CUE, _CONTENT))
        vectors = encoded.scores.links
        of_cue = choose(vectors, cues, sources, SOURCE, heads.distances[SOURCE], float(heads.none[SOURCE]))
        of_content = choose(vectors, contents, cues, CONTENT, heads.distances[CONTENT], float(heads.none[CONTENT]))
        tokens = Tokens.of(doc)
        page = _Page.of(doc)
        made = [self._cue(tokens, encoded, span) for span in cues]
        ruled: list[AttributionRecord] = doc._.attributions
        by_rule = Found(ruled)
        parts_of: defaultdict[int, list[int]] = defaultdict(list)
        for i, link in enumerate(of_content):
            parts_of[link.chosen].append(i)
        statements = []
        for number, cue in enumerate(made):
            parts = parts_of[number]
            if not parts:
                continue
            chosen = of_cue[number]
            source = sources[chosen.chosen] if chosen.chosen >= 0 else None
            belonging = [contents[i] for i in parts]
            content = tuple(piece for part in belonging for piece in page.pieces(encoded.span(part)))
            if not content:
                continue
            statement = AttributionRecord("model", encoded.span(source) if source else None, cue, content)
            links = [of_content[i] for i in parts]
            statement.features = confidence.statement(
                certain, source, cues[number], belonging, chosen, links, seconded=agrees(statement, by_rule)
            )
            statement.score = confidence.probability(statement.features, heads.confidence)
            statements.append(statement)
        doc._.cues = made
        doc._.attributions = sorted(
            seconded(tokens, statements, ruled), key=lambda statement: statement.content[0].start
        )
        complete(tokens, doc, doc._.attributions)
        return doc

    def _cue(self, tokens: Tokens, encoded: EncodedDocument, span: Tagged) -> CueRecord:
        """Say what a cue means: by the lexicon, else by its verb, its noun or its first word."""
        stretch = encoded.span(span)
        if tokens.lower[stretch.start : stretch.end] == ["according", "to"]:
            return CueRecord(stretch, stretch.start, stretch.end, "according to", Act.ASSERT, "", "according")
        for i in range(stretch.start, stretch.end):
            for entry in self.forms.get(tokens.lower[i], ()):
                end = i + 1 + len(entry.rest)
                if tuple(tokens.lower[i + 1 : end]) == entry.rest:
                    return CueRecord(stretch, i, end, entry.lemma, entry.act, entry.frames, entry.tense)
        parts = encoded.scores.parts[span.start : span.end].tolist()
        place = next((parts.index(part) for part in (_VERB, _NOUN) if part in parts), 0)
        head = encoded.words.tokens[span.start + place]
        return CueRecord(
            stretch, head, head + 1, lemma(tokens.words[head], self.encoder.vocabulary), Act.ASSERT, "", "model"
        )


def _joined(found: Sequence[Tagged], cuts: set[int]) -> list[Tagged]:
    """Join a span that goes on from the window before: tagging begins anew where a window does."""
    joined: list[Tagged] = []
    for span in found:
        if joined and span.start in cuts and joined[-1].end == span.start and joined[-1].label == span.label:
            joined[-1] = joined[-1]._replace(end=span.end)
        else:
            joined.append(span)
    return joined


@dataclass(frozen=True, slots=True)
class _Page:
    """Where paragraphs begin, and which tokens are no part of the story."""

    words: list[str]
    paragraphs: frozenset[int]
    boilerplate: bytearray

    @classmethod
    def of(cls, doc: Doc) -> _Page:
        boilerplate = bytearray(len(doc))
        for span in doc.spans.get("boilerplate", ()):
            boilerplate[span.start : span.end] = b"\1" * (span.end - span.start)
        starts = frozenset(span.start for span in doc.spans.get("paragraphs", ()))
        return cls([token.text for token in doc], starts, boilerplate)

    def pieces(self, content: TokenSpan) -> list[TokenSpan]:
        """Cut boilerplate out of a content, and end it with its paragraph, unless it is a quotation that runs on."""
        quoted = self.words[content.start] in MARKS
        found: list[TokenSpan] = []
        begun = -1
        for i in range(content.start, content.end + 1):
            ends = i == content.end or self.boilerplate[i] or (i in self.paragraphs and not quoted)
            if begun >= 0 and ends:
                found += self._trimmed(begun, i)
                begun = -1
            if begun < 0 and i < content.end and not self.boilerplate[i]:
                begun = i
        return found

    def _trimmed(self, start: int, end: int) -> list[TokenSpan]:
        while start < end and self.words[start].isspace():
            start += 1
        while end > start and self.words[end - 1].isspace():
            end -= 1
        return [TokenSpan(start, end)] if start < end else []
