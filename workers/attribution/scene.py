"""What the attribution rules look at.

The tokens of one document, its quotations, cues and the units that a rule may not leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from spacy.tokens import Doc

from services.contracts import EntityType
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english.phrases import SUBJECT_WORDS


@dataclass(frozen=True, slots=True)
class QuotationView:
    """A quotation in tokens, marks included."""

    start: int
    end: int
    speech: bool
    closed: bool
    continues: bool


@dataclass(slots=True)
class RuleContext:
    """One document for the rules.

    ``units`` are what a rule may not leave: sentences, or several that one quotation holds together. ``quoted`` gives
    for each token the index of its quotation, or -1. ``names`` maps the first token of each person's or organisation's
    name to the one after its last, ``cue_at`` the first token of each cue to it. ``statements`` grows as rules find some.
    """

    tokens: Tokens
    quotations: list[QuotationView]
    quoted: list[int]
    cues: list[CueRecord]
    units: list[TokenSpan]
    paragraphs: list[TokenSpan]
    skipped: bytearray
    dates: frozenset[int]
    verbs: frozenset[int]
    names: dict[int, int]
    cue_at: dict[int, CueRecord]
    statements: list[AttributionRecord] = field(default_factory=list)

    @classmethod
    def of(cls, doc: Doc) -> RuleContext:
        """Read everything that the rules need from ``doc``."""
        tokens = Tokens.of(doc)
        count = len(tokens)
        quotations = [
            QuotationView(span.start, span.end, span._.speech, span._.closed, span._.continues)
            for span in doc.spans.get("quotations", ())
        ]
        quoted = [-1] * count
        inside = bytearray(count + 1)
        for index, quotation in enumerate(quotations):
            size = quotation.end - quotation.start
            quoted[quotation.start : quotation.end] = [index] * size
            inside[quotation.start + 1 : quotation.end] = b"\x01" * (size - 1)
        skipped = bytearray(count)
        for span in doc.spans.get("boilerplate", ()):
            skipped[span.start : span.end] = b"\x01" * (span.end - span.start)
        starts = [i for i in range(count) if (tokens.first[i] == i and not inside[i])]
        units = [TokenSpan(a, b) for a, b in pairwise([*starts, count]) if not skipped[a]]
        cues = [
            cue
            for cue in doc._.cues
            if not skipped[cue.verb] and not (quoted[cue.verb] >= 0 and quotations[quoted[cue.verb]].speech)
        ]
        return cls(
            tokens=tokens,
            quotations=quotations,
            quoted=quoted,
            cues=cues,
            units=units,
            paragraphs=[TokenSpan(span.start, span.end) for span in doc.spans.get("paragraphs", ())],
            skipped=skipped,
            dates=frozenset(i for ent in doc.ents if ent.label_ == EntityType.DATE for i in range(ent.start, ent.end)),
            verbs=frozenset(i for cue in cues for i in range(cue.verb, cue.verb_end) if cue.form in {"past", "s"}),
            cue_at={cue.span.start: cue for cue in cues},
            names={
                ent.start: ent.end for ent in doc.ents if ent.label_ in {EntityType.PERSON, EntityType.ORGANIZATION}
            },
        )

    def capital(self, start: int, end: int) -> bool:
        """Whether all words from ``start`` to ``end`` are written with a capital."""
        return all(word[0].isupper() for word in self.tokens.words[start:end])

    def opens(self, i: int) -> QuotationView | None:
        """Return the quotation that begins at token ``i``."""
        if i < len(self.quoted) and self.quoted[i] >= 0:
            quotation = self.quotations[self.quoted[i]]
            return quotation if quotation.start == i else None
        return None

    def closes(self, i: int) -> QuotationView | None:
        """Return the quotation whose last token is ``i``."""
        if 0 <= i < len(self.quoted) and self.quoted[i] >= 0:
            quotation = self.quotations[self.quoted[i]]
            return quotation if quotation.end == i + 1 else None
        return None

    def after_quotation(self, i: int, first: int) -> int:
        """Return the end of the last speech that ends at or before token ``i``, or ``first``; it looks back over one subject."""
        for k in range(i - 1, max(first, i - SUBJECT_WORDS) - 1, -1):
            quotation = self.closes(k)
            if quotation and (quotation.speech or self.tokens.lower[k - 1] == ","):
                return k + 1
        return first

    def bare_end(self, unit: TokenSpan) -> int:
        """Return the end of a unit without its last full stop and white space; a quotation's own stop stays."""
        end = unit.end
        while end > unit.start and (
            self.tokens.words[end - 1].isspace() or (self.tokens.words[end - 1] in ".!?…" and self.quoted[end - 1] < 0)
        ):
            end -= 1
        return end
