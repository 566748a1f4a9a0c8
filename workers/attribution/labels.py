"""Speakers named by labels: interviews, transcripts, lists of quotations, Q: and A:, initials.

A label is the name before the colon at the start of a paragraph, after any bullet or time stamp. It names a speaker if
it occurs twice, if a quotation follows, if it ends in the name of a person and other paragraphs have such labels, or in
a headline. "HV:" is the first person whose initials are H. V.; "A:" is the person whom the text before presents.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from services.contracts import Act
from workers.attribution.rule_context import RuleContext
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import word_set
from workers.english.phrases import trim_span

MAX_NAME_WORDS: Final = 6
# Paragraphs of one answer after the one with the label.
MAX_FURTHER_PARAGRAPHS: Final = 6
_MAX_INITIALS: Final = 3
_BULLETS: Final = frozenset("•·‣▪►▶*–—-") | {"--"}
_NAME_PARTICLES: Final = word_set("de la van von bin al der den of")
_NON_SPEAKER_LABELS: Final = word_set(
    "note update correction photo source ps tip warning editor's fact location date time address tel email where when "
    "what who why how price cost tickets venue verdict rating result score summary background analysis key watch read "
    "more also video picture pictures image"
)
_QUESTIONS: Final = word_set("q q. question")
_ANSWERS: Final = word_set("a a. answer")
# Before the name of the person interviewed: "spoke to", "caught up with".
_MEETING_VERBS: Final = word_set(
    "asked interviewed interviews met meets speaks spoke talked talks sat sits caught catches questioned joins joined"
)
_MAX_MEETING_WORDS: Final = 8  # from the verb to the name


class Label(NamedTuple):
    """The label of a paragraph: the words of the name, its colon, and the paragraph's number."""

    name: TokenSpan
    colon: int
    paragraph: int


def add_labelled_speech(context: RuleContext) -> None:
    """Add the attributions of labelled paragraphs; correct or remove attributions that read a label as prose."""
    labels = [label for number in range(len(context.paragraphs)) if (label := _find_label(context, number)) is not None]
    if not labels:
        return
    initials = _persons_by_initials(context, labels)
    names = {label: _name_key(context, label, initials) for label in labels}
    counts = Counter(names.values())
    accepted = _accept_labels(context, labels, initials, [counts[names[label]] > 1 for label in labels])
    _remove_misread(context, [label for label, _ in accepted])
    attributed = {i for record in context.attributions for part in record.content for i in (part.start, part.end - 1)}
    for number, (label, source) in enumerate(accepted):
        if source is None:  # the interviewer has no name
            continue
        is_conversation = counts[names[label]] > 1 and number + 1 < len(accepted)
        _add_paragraphs(context, label, source, accepted[number + 1][0].paragraph if is_conversation else 0, attributed)


def _accept_labels(
    context: RuleContext, labels: list[Label], initials: dict[str, TokenSpan], is_repeated: list[bool]
) -> list[tuple[Label, TokenSpan | None]]:
    """Return the labels that name speakers, each with the speaker's name, or None for a question."""
    tokens = context.tokens
    persons = sum(_ends_in_person(context, label.name) for label in labels)
    has_questions = any(tokens.lower[label.name.start] in _QUESTIONS for label in labels)
    interviewee: TokenSpan | None = None
    accepted: list[tuple[Label, TokenSpan | None]] = []
    for label, repeated in zip(labels, is_repeated, strict=True):
        if tokens.lower[label.name.start] in _QUESTIONS:
            accepted.append((label, None))
        elif tokens.lower[label.name.start] in _ANSWERS:
            if has_questions:
                interviewee = interviewee or _person_interviewed(context, labels[0].name.start) or label.name
                accepted.append((label, interviewee))
        elif (
            repeated
            or context.quotation_starting_at(_after_space(context, label.colon + 1))
            or (persons > 1 and _ends_in_person(context, label.name))
            or (label.paragraph == 0 and context.name_ends.get(label.name.start) == label.name.end)
        ):
            accepted.append((label, initials.get(tokens.words[label.name.start], label.name)))
    return accepted


def _add_paragraphs(
    context: RuleContext, label: Label, source: TokenSpan, next_label: int, attributed: set[int]
) -> None:
    """Add the attributions of a labelled paragraph and, in a conversation, of those up to paragraph ``next_label``."""
    colon = TokenSpan(label.colon, label.colon + 1)
    cue = CueRecord(colon, colon.start, colon.end, ":", Act.ASSERT, "", "layout")
    content = trim_span(context.tokens, colon.end, context.paragraphs[label.paragraph].end)
    if content and content.start not in attributed:
        context.attributions.append(AttributionRecord("label", source, cue, (content,)))
    for further in range(label.paragraph + 1, min(next_label, label.paragraph + 1 + MAX_FURTHER_PARAGRAPHS)):
        start, end = context.paragraphs[further]
        if start not in attributed and not context.boilerplate[start]:
            context.attributions.append(AttributionRecord("label", source, None, (TokenSpan(start, end),)))


def _find_label(context: RuleContext, number: int) -> Label | None:  # noqa: PLR0911  # one return for each thing that is not a label
    """Return the label at the start of a paragraph, or None."""
    words, (k, end) = context.tokens.words, context.paragraphs[number]
    while k < end and (words[k] in _BULLETS or words[k].isspace() or context.boilerplate[k]):
        k += 1
    start = k
    bound = min(end - 1, start + MAX_NAME_WORDS + 1)
    if start >= bound:
        return None
    if words[start] in {"Q.", "A."}:
        return Label(TokenSpan(start, start + 1), start, number)
    while k < bound:
        if words[k] == ":":
            is_name = k > start and words[start].lower() not in _NON_SPEAKER_LABELS and not context.boilerplate[k]
            return Label(TokenSpan(start, k), k, number) if is_name else None
        if words[k] in {"(", "["} and k > start:
            closing = next((i for i in range(k, min(end, k + MAX_NAME_WORDS)) if words[i] in {")", "]"}), -1)
            if closing < 0 or closing + 1 >= end or words[closing + 1] != ":":
                return None
            return Label(TokenSpan(start, k), closing + 1, number)
        if not (words[k][0].isupper() or words[k] in _NAME_PARTICLES or (words[k] in {".", "’", "'"} and k > start)):
            if words[k] == "," and context.name_ends.get(start) == k:
                return _described_label(context, number, start, k)
            return None
        k += 1
    return None


def _described_label(context: RuleContext, number: int, start: int, comma: int) -> Label | None:
    """Return a label with a description of the speaker, which a quotation follows: 'Ama Osei, engineer: "..."'."""
    words = context.tokens.words
    for k in range(comma + 1, min(context.paragraphs[number].end, comma + MAX_NAME_WORDS)):
        if words[k] == ":":
            is_quoted = context.quotation_starting_at(_after_space(context, k + 1))
            return Label(TokenSpan(start, k), k, number) if is_quoted else None
        if not words[k][0].isalnum():
            return None
    return None


def _after_space(context: RuleContext, i: int) -> int:
    """Return the first token at or after ``i`` that is not white space."""
    while i < len(context.tokens) and context.tokens.words[i].isspace():
        i += 1
    return i


def _persons_by_initials(context: RuleContext, labels: list[Label]) -> dict[str, TokenSpan]:
    """Map the initials of persons to where they are first named; those with labels of their own come first."""
    initials: dict[str, TokenSpan] = {}
    spans = [label.name for label in labels if label.name.end - label.name.start > 1]
    for start, end in [*spans, *sorted(context.persons)]:
        words = [word for word in context.tokens.words[start:end] if word[0].isupper()]
        if 1 < len(words) <= _MAX_INITIALS:
            initials.setdefault("".join(word[0] for word in words), TokenSpan(start, end))
    return initials


def _name_key(context: RuleContext, label: Label, initials: dict[str, TokenSpan]) -> str:
    """Return what labels of one speaker have in common: the words of the name."""
    word = context.tokens.words[label.name.start]
    span = initials.get(word, label.name) if label.name.end - label.name.start == 1 else label.name
    return " ".join(context.tokens.words[span.start : span.end])


def _ends_in_person(context: RuleContext, name: TokenSpan) -> bool:
    """Return whether the last words of a label are the name of a person."""
    return any(TokenSpan(start, name.end) in context.persons for start in range(name.start, name.end))


def _person_interviewed(context: RuleContext, before: int) -> TokenSpan | None:
    """Return the person whom the text before the first label presents: after "spoke to", or else the only one."""
    persons = sorted(span for span in context.persons if span.end <= before)
    for span in persons:
        if _MEETING_VERBS.intersection(context.tokens.lower[max(0, span.start - _MAX_MEETING_WORDS) : span.start]):
            return span
    last_names = {context.tokens.words[span.end - 1] for span in persons}
    return persons[0] if len(last_names) == 1 else None


def _remove_misread(context: RuleContext, labels: list[Label]) -> None:
    """Remove attributions by the colon of a label or by words in it; cut labels off other sources and contents."""
    label_end = [0] * len(context.tokens)
    for label in labels:
        start = context.paragraphs[label.paragraph].start
        label_end[start : label.colon + 1] = [label.colon + 1] * (label.colon + 1 - start)
    kept = []
    for record in context.attributions:
        if record.cue and label_end[record.cue.span.start]:
            continue
        if record.source and label_end[record.source.start]:
            record.source = _cut(context, record.source, label_end[record.source.start])
        content = [
            _cut(context, part, label_end[part.start]) if label_end[part.start] else part for part in record.content
        ]
        record.content = tuple(part for part in content if part is not None)
        if record.content:
            kept.append(record)
    context.attributions[:] = kept


def _cut(context: RuleContext, span: TokenSpan, start: int) -> TokenSpan | None:
    """Return the part of a span from token ``start`` on, or None."""
    return trim_span(context.tokens, start, span.end) if start < span.end else None
