"""Paragraphs that are a quotation and nothing else: turns of a dialogue, or further words of the last speaker.

Where two speakers are named in paragraphs of quotations in a row, they take turns. Otherwise a quotation by itself
belongs to the speaker of the paragraph before, unless that was a question: then to the other person in the story, if
there is only one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from workers.attribution.beats import covered_tokens, is_whole_sentence, sentence_subject
from workers.attribution.rule_context import QuotationSpan, RuleContext
from workers.doc.records import AttributionRecord, TokenSpan

_MIN_HEADING_WORDS: Final = 3
_MAX_LINK_LENGTH: Final = 3  # of a lower-case word in a heading
_MAX_PARAGRAPHS_BACK: Final = 3  # to look for the other person


class _Turn(NamedTuple):
    """A paragraph that begins with a quotation: the quotation, and the index of its attribution, or -1."""

    paragraph: int
    quotation: QuotationSpan
    attribution: int


def add_turns(context: RuleContext) -> None:
    """Append the attributions of quotations that are paragraphs of their own; the others keep their positions."""
    covered = covered_tokens(context)
    attribution_at = {part.start: index for index, record in enumerate(context.attributions) for part in record.content}
    last_in = _last_attributions(context)
    runs: list[list[_Turn]] = []
    previous = -2
    story = [number for number, span in enumerate(context.paragraphs) if not context.boilerplate[span.start]]
    for position, number in enumerate(story):
        quotation = context.quotation_starting_at(context.paragraphs[number].start)
        if quotation is None or not quotation.is_speech:
            continue
        if previous != position - 1:
            runs.append([])
        runs[-1].append(_Turn(position, quotation, attribution_at.get(quotation.start, -1)))
        previous = position
    for run in runs:
        _read_run(context, run, story, covered, last_in)


def _last_attributions(context: RuleContext) -> dict[int, int]:
    """Map the start of each paragraph to the index of the attribution whose words are the last in it."""
    starts = [span.start for span in context.paragraphs]
    last: dict[int, int] = {}
    ends: dict[int, int] = {}
    order = sorted(range(len(context.attributions)), key=lambda i: context.attributions[i].content[-1].end)
    k = 0
    for index in order:
        end = context.attributions[index].content[-1].end
        while k + 1 < len(starts) and starts[k + 1] < end:
            k += 1
        if starts:
            last[starts[k]], ends[starts[k]] = index, end
    return last


def _read_run(
    context: RuleContext, run: list[_Turn], story: list[int], covered: bytearray, last_in: dict[int, int]
) -> None:
    """Add the attributions that the turns of one run lack."""
    attributions = context.attributions
    anchors = [
        (i, turn.attribution)
        for i, turn in enumerate(run)
        if turn.attribution >= 0 and attributions[turn.attribution].source
    ]
    keys = {index: _speaker_key(context, attributions[index].source) for _, index in anchors}
    is_dialogue = len(set(keys.values())) > 1
    latest = -1  # the attribution of the words before
    for i, turn in enumerate(run):
        if turn.attribution >= 0:
            latest = turn.attribution
            continue
        paragraph = context.paragraphs[story[turn.paragraph]]
        if covered[turn.quotation.start] or not _is_turn(context, turn.quotation, paragraph):
            latest = -1
            continue
        content = TokenSpan(turn.quotation.start, turn.quotation.end)
        if is_dialogue:
            index = _by_turns(i, anchors, keys)
            if index is not None:
                attributions.append(AttributionRecord("turn", attributions[index].source, None, (content,)))
            continue
        if i == 0 and turn.paragraph > 0:
            before = context.paragraphs[story[turn.paragraph - 1]]
            latest = last_in.get(before.start, -1)
            if latest < 0 or not _ends_paragraph(context, attributions[latest], before):
                latest = _add_beat(context, before, content)
                continue
        if latest >= 0:
            latest = _add_after(context, run, story, latest, content)


def _is_turn(context: RuleContext, quotation: QuotationSpan, paragraph: TokenSpan) -> bool:
    """Return whether a quotation is a paragraph of somebody's words: whole, closed and not a heading."""
    return (
        quotation.is_closed and is_whole_sentence(context, quotation, paragraph) and not _is_heading(context, quotation)
    )


def _add_beat(context: RuleContext, before: TokenSpan, content: TokenSpan) -> int:
    """Give a quotation to the subject of the last sentence of the paragraph before; return its index, or -1."""
    source = _subject_of_last_sentence(context, before)
    if source is None:
        return -1
    context.attributions.append(AttributionRecord("beat", source, None, (content,)))
    return len(context.attributions) - 1


def _add_after(context: RuleContext, run: list[_Turn], story: list[int], latest: int, content: TokenSpan) -> int:
    """Give a quotation to the last speaker, or after a question to the other person.

    Returns the index of the attribution that further quotations continue, or -1.
    """
    spoken = context.attributions[latest]
    if context.tokens.at(spoken.content[-1].end - 2) == "?":
        source = _other_person(context, run, story, spoken)
        if source is not None:
            context.attributions.append(AttributionRecord("turn", source, None, (content,)))
        return -1
    first = latest if spoken.follows is None else spoken.follows
    source = context.attributions[first].source
    context.attributions.append(AttributionRecord("run_on", source, None, (content,), follows=first))
    return latest


def _is_heading(context: RuleContext, quotation: QuotationSpan) -> bool:
    """Return whether a quotation of several words is capitalised like a heading: "Coal Is Not the Villain"."""
    words = [word for word in context.tokens.words[quotation.start : quotation.end] if word[0].isalnum()]
    lower_case = [word for word in words if word[0].islower()]
    return len(words) >= _MIN_HEADING_WORDS and all(len(word) <= _MAX_LINK_LENGTH for word in lower_case)


def _speaker_key(context: RuleContext, source: TokenSpan | None) -> str:
    """Return the word that tells speakers apart: the last of the first name in the source, else of the source."""
    if source is None:
        return ""
    name_end = next((context.name_ends[k] for k in range(*source) if k in context.name_ends), source.end)
    return context.tokens.lower[min(name_end, source.end) - 1]


def _by_turns(i: int, anchors: list[tuple[int, int]], keys: dict[int, str]) -> int | None:
    """Return the attribution whose speaker turn ``i`` belongs to, or None if the anchors do not alternate."""
    before = [anchor for anchor in anchors if anchor[0] < i][-1:]
    after = [anchor for anchor in anchors if anchor[0] > i][:1]
    if before and after:
        is_odd = (after[0][0] - before[0][0]) % 2
        if bool(is_odd) != (keys[before[0][1]] != keys[after[0][1]]):
            return None
    position, index = (before or after)[0]
    if (i - position) % 2 == 0:
        return index
    return next((other for _, other in reversed(anchors) if keys[other] != keys[index]), None)


def _ends_paragraph(context: RuleContext, record: AttributionRecord, paragraph: TokenSpan) -> bool:
    """Return whether an attribution is in the last sentence of a paragraph."""
    end = record.content[-1].end
    if record.cue:
        end = max(end, record.cue.span.end)
    last = paragraph.end - 1
    return end > context.tokens.sentence_start[last] or end >= last - 1


def _subject_of_last_sentence(context: RuleContext, paragraph: TokenSpan) -> TokenSpan | None:
    """Return the person who is the subject of the last sentence of a paragraph, unless it has a quotation."""
    last = paragraph.end - 1
    start = max(paragraph.start, context.tokens.sentence_start[last])
    if context.quotation_index[last] >= 0 or context.quotation_index[start] >= 0:
        return None
    return sentence_subject(context, start, paragraph.end)


def _other_person(
    context: RuleContext, run: list[_Turn], story: list[int], asked: AttributionRecord
) -> TokenSpan | None:
    """Return the only other person named shortly before a run whose one known speaker asked, or None."""
    asker = _speaker_key(context, asked.source)
    first = context.paragraphs[story[max(0, run[0].paragraph - _MAX_PARAGRAPHS_BACK)]].start
    others = {}
    for k in range(first, run[0].quotation.start):
        end = context.name_ends.get(k)
        if end and TokenSpan(k, end) in context.persons and context.tokens.lower[end - 1] != asker:
            others[context.tokens.lower[end - 1]] = TokenSpan(k, end)
    return next(iter(others.values())) if len(others) == 1 else None
