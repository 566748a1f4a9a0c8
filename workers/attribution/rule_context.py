"""The view of a document that the attribution rules share: tokens, quotations, cues and the passages to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from spacy.tokens import Doc

from services.contracts import EntityType
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english.phrases import MAX_SUBJECT_WORDS


@dataclass(frozen=True, slots=True)
class QuotationSpan:
    """A quotation in tokens, including its marks.

    ``is_speech`` tells speech from titles and single words, ``is_closed`` whether a closing mark was found,
    ``continues`` whether it repeats the opening mark of the paragraph before.
    """

    start: int
    end: int
    is_speech: bool
    is_closed: bool
    continues: bool


@dataclass(slots=True)
class RuleContext:
    """One document as the rules see it.

    ``passages`` are the sentences outside boilerplate, joined where a quotation spans several; a rule stays within one.
    ``quotation_index`` gives the index of the quotation around each token, or -1. ``boilerplate`` marks tokens to leave
    out. ``name_ends`` maps the first token of each name of a person or organisation to the token after its last;
    ``cue_at`` maps the first token of each cue to the cue. ``date_tokens`` and ``verb_tokens`` are tokens of dates and
    of finite cue verbs, ``persons`` names of persons. ``attributions`` grows as rules find some.
    """

    tokens: Tokens
    quotations: list[QuotationSpan]
    quotation_index: list[int]
    cues: list[CueRecord]
    passages: list[TokenSpan]
    paragraphs: list[TokenSpan]
    boilerplate: bytearray
    date_tokens: frozenset[int]
    verb_tokens: frozenset[int]
    name_ends: dict[int, int]
    cue_at: dict[int, CueRecord]
    persons: frozenset[TokenSpan]
    attributions: list[AttributionRecord] = field(default_factory=list)

    @classmethod
    def of(cls, doc: Doc) -> RuleContext:
        """Read what the rules need from ``doc``."""
        tokens = Tokens.of(doc)
        count = len(tokens)
        quotations = [
            QuotationSpan(span.start, span.end, span._.speech, span._.closed, span._.continues)
            for span in doc.spans.get("quotations", ())
        ]
        quotation_index = [-1] * count
        inside_quotation = bytearray(count + 1)
        for index, quotation in enumerate(quotations):
            size = quotation.end - quotation.start
            quotation_index[quotation.start : quotation.end] = [index] * size
            inside_quotation[quotation.start + 1 : quotation.end] = b"\x01" * (size - 1)
        boilerplate = bytearray(count)
        for span in doc.spans.get("boilerplate", ()):
            boilerplate[span.start : span.end] = b"\x01" * (span.end - span.start)
        starts = [i for i in range(count) if (tokens.sentence_start[i] == i and not inside_quotation[i])]
        passages = [TokenSpan(a, b) for a, b in pairwise([*starts, count]) if not boilerplate[a]]
        cues = [
            cue
            for cue in doc._.cues
            if not boilerplate[cue.verb]
            and not (quotation_index[cue.verb] >= 0 and quotations[quotation_index[cue.verb]].is_speech)
        ]
        return cls(
            tokens=tokens,
            quotations=quotations,
            quotation_index=quotation_index,
            cues=cues,
            passages=passages,
            paragraphs=[TokenSpan(span.start, span.end) for span in doc.spans.get("paragraphs", ())],
            boilerplate=boilerplate,
            date_tokens=frozenset(
                i for ent in doc.ents if ent.label_ == EntityType.DATE for i in range(ent.start, ent.end)
            ),
            verb_tokens=frozenset(
                i for cue in cues for i in range(cue.verb, cue.verb_end) if cue.form in {"past", "s"}
            ),
            cue_at={cue.span.start: cue for cue in cues},
            persons=frozenset(TokenSpan(ent.start, ent.end) for ent in doc.ents if ent.label_ == EntityType.PERSON),
            name_ends={
                ent.start: ent.end for ent in doc.ents if ent.label_ in {EntityType.PERSON, EntityType.ORGANIZATION}
            },
        )

    def all_capitalised(self, start: int, end: int) -> bool:
        """Return whether all words from ``start`` to ``end`` are capitalised."""
        return all(word[0].isupper() for word in self.tokens.words[start:end])

    def quotation_starting_at(self, i: int) -> QuotationSpan | None:
        """Return the quotation that starts at token ``i``, or None."""
        if i < len(self.quotation_index) and self.quotation_index[i] >= 0:
            quotation = self.quotations[self.quotation_index[i]]
            return quotation if quotation.start == i else None
        return None

    def quotation_ending_at(self, i: int) -> QuotationSpan | None:
        """Return the quotation whose last token is ``i``, or None."""
        if 0 <= i < len(self.quotation_index) and self.quotation_index[i] >= 0:
            quotation = self.quotations[self.quotation_index[i]]
            return quotation if quotation.end == i + 1 else None
        return None

    def last_quotation_end(self, i: int, first: int) -> int:
        """Return the end of the last quotation that ends at or before token ``i``, or ``first``.

        Looks back over the length of one subject.
        """
        for k in range(i - 1, max(first, i - MAX_SUBJECT_WORDS) - 1, -1):
            quotation = self.quotation_ending_at(k)
            if quotation and (quotation.is_speech or self.tokens.lower[k - 1] == ","):
                return k + 1
        return first

    def end_without_stop(self, passage: TokenSpan) -> int:
        """Return the end of a passage without its final stop and white space; a stop inside a quotation is kept."""
        end = passage.end
        while end > passage.start and (
            self.tokens.words[end - 1].isspace()
            or (self.tokens.words[end - 1] in ".!?…" and self.quotation_index[end - 1] < 0)
        ):
            end -= 1
        return end
