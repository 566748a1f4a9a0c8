"""Component ``stancewire_attributions``: attributions by the rules of English newspapers.

Writes ``doc._.attributions``.

An attribution is a source, a cue and a content, as in PARC and PolNeAR (Newell, Margolin & Ruths, LREC 2018): the
content keeps its quotation marks and the "that" before it. Each rule has a name; ``workers.attribution.scores`` has
the measured precision of each.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts.acts import ACT_RECORDS
from workers.attribution import clauses, scores
from workers.attribution.clauses import CLAUSAL_FRAMES
from workers.attribution.rule_context import RuleContext
from workers.attribution.subjects import Subject, find_subject
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import word_set
from workers.english.phrases import is_phrase_boundary, subject_after, trim_span

MIN_WORDS_BEFORE: Final = 3
MAX_COMMA_DISTANCE: Final = 30  # from the source of "According to X" to the comma
MAX_REPORT_WORDS: Final = 4  # "the latest news reports | that"
# Longer sources are broken text. The limit also keeps the work from growing with the square of a sentence.
MAX_SOURCE_WORDS: Final = 80
_CLAUSE_OPENERS: Final = frozenset({"who", "which", "whose", "as", "while", "adding", "when", "after", "and", "but"})
_REPORT_NOUNS: Final = word_set(
    "report reports claim claims allegation allegations accusation accusations charge charges suggestion suggestions "
    "rumor rumors rumour rumours speculation notion idea argument assertion assertions contention view concerns fears"
)
_ADVERBIAL_OPENERS: Final = word_set(
    "in on at during after when as while although speaking asked since before earlier however for but and "
    "despite with by from if under"
)


@Language.factory("stancewire_attributions")
class RuleAttributions:
    """Finds attributions by rule.

    Reads ``doc._.cues``, ``doc.ents``, the sentences, and the quotations, paragraphs and boilerplate of ``doc.spans``.
    Writes ``doc._.attributions``; ``stancewire_layouts`` completes and orders them.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Accept the arguments that spaCy passes to every factory; there are no settings."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.attributions``, each with its score."""
        context = RuleContext.of(doc)
        all_cues = iter(context.cues)
        cue = next(all_cues, None)
        for passage in context.passages:
            cues: list[CueRecord] = []
            while cue and cue.verb < passage.end:
                if cue.verb >= passage.start:
                    cues.append(cue)
                cue = next(all_cues, None)
            if cues:
                _read_passage(context, passage, cues)
        for attribution in context.attributions:
            attribution.score = scores.rule_precision(attribution)
        doc._.attributions = context.attributions
        return doc


def _read_passage(context: RuleContext, passage: TokenSpan, cues: list[CueRecord]) -> None:
    """Read the cues of a passage from left to right."""
    tokens, end = context.tokens, context.end_without_stop(passage)
    free = passage.start  # the tokens before it belong to an earlier cue's source or content
    source: TokenSpan | None = None
    for cue in cues:
        if cue.verb < free and not (cue.form == "ing" or cue.lemma == "according to"):
            continue
        attribution = (
            _read_according_to(context, passage, cue, end)
            if cue.form == "according"
            else _read_verb(context, passage, cue, end, free, source)
        )
        if attribution is None:
            continue
        context.attributions.append(attribution)
        source = attribution.source or source
        if attribution.source is None or tokens.at(attribution.source.start) not in {"who", "which"}:
            free = max(cue.span.end, *(part.end for part in attribution.content))


def _read_according_to(context: RuleContext, passage: TokenSpan, cue: CueRecord, end: int) -> AttributionRecord | None:
    """Read "According to X, ..." or "..., according to X"."""
    tokens = context.tokens
    after = cue.span.end
    bound = min(end, after + MAX_SOURCE_WORDS)
    stop = next(
        (
            k
            for k in range(after, bound)
            if is_phrase_boundary(tokens.lower[k]) and tokens.lower[k] not in {"(", ")", "/"}
        ),
        bound,
    )
    opens_passage = cue.span.start <= passage.start + 1
    source = subject_after(tokens, after, end) if stop < end and not opens_passage else None
    source = source or trim_span(tokens, after, stop)
    if source is None:
        return None
    if opens_passage:
        comma_bound = min(end, source.end + MAX_COMMA_DISTANCE)
        begin = next((k + 1 for k in range(source.end, comma_bound) if tokens.words[k] == ","), None)
        content = (
            trim_span(tokens, begin, clauses.clause_end(context, begin, end))
            if begin is not None and begin < end
            else None
        )
    else:
        begin = max(passage.start, cue.span.start - clauses.MAX_CLAUSE_WORDS)
        content = trim_span(tokens, begin, cue.span.start)
    return AttributionRecord("according", source, cue, (content,)) if content else None


def _read_verb(
    context: RuleContext, passage: TokenSpan, cue: CueRecord, end: int, free: int, source: TokenSpan | None
) -> AttributionRecord | None:
    """Read the construction around a cue verb; ``source`` is that of the cue before in the passage."""
    tokens = context.tokens
    subject = find_subject(context, passage, cue, end, free, source)
    if subject is None:
        return None
    after, construction = subject.after, subject.construction
    if "i" in cue.frames and tokens.at(after) == "to":
        content = clauses.infinitive_after(context, after, end)
        return AttributionRecord(construction + "_infinitive", subject.span, cue, (content,)) if content else None
    if ACT_RECORDS[cue.act].opposes_content and _is_report(tokens.lower[after : min(end, after + MAX_REPORT_WORDS)]):
        content = TokenSpan(after, clauses.clause_end(context, after, end))
        return AttributionRecord("report", subject.span, cue, (content,))
    if CLAUSAL_FRAMES.intersection(cue.frames):
        attribution = _read_clause(context, passage, cue, end, free, subject)
        if attribution:
            return attribution
    content, rule = None, construction
    if "o" in cue.frames:
        content, rule = clauses.demand_after(context, after, end), "asked"
    if content is None and "n" in cue.frames and construction != "inverted":
        content, rule = clauses.direct_object_after(context, after, end), "object"
    content = trim_span(tokens, *content) if content else None
    return AttributionRecord(rule, subject.span, cue, (content,)) if content else None


def _is_report(words: list[str]) -> bool:
    """Return whether the words are a report and its content: "(denied) recent reports that ..."."""
    return any(word in _REPORT_NOUNS and following == "that" for word, following in pairwise(words))


def _read_clause(
    context: RuleContext, passage: TokenSpan, cue: CueRecord, end: int, free: int, subject: Subject
) -> AttributionRecord | None:
    """Read a clause or quotation before the cue, after it, or on both sides."""
    tokens = context.tokens
    construction, edge, after = subject.construction, subject.edge, subject.after
    is_reporting = cue.lemma in scores.REPORTING
    preceding, is_quoted = _content_before(context, passage, end, free, subject)
    if (
        is_reporting
        and preceding
        and not is_quoted
        and tokens.at(edge - 1) == ","
        and tokens.at(after) == ","
        and after + MIN_WORDS_BEFORE < end
    ):
        rest = trim_span(tokens, after, clauses.clause_end(context, after, end))
        is_new_clause = rest is not None and (rest.start in context.cue_at or context.quotation_starting_at(rest.start))
        if rest and not is_new_clause and tokens.lower[rest.start] not in _CLAUSE_OPENERS:
            # "The plan, he said, would fail."
            parts = (preceding, rest) if preceding.end - preceding.start > 1 else (rest,)
            return AttributionRecord("parenthesis_" + construction, subject.span, cue, parts)
    if is_quoted and preceding:
        # "X," he said. "Y": words after the cue belong to the content only if they are quoted too.
        k = after
        while k < end and not is_phrase_boundary(tokens.lower[k]):
            k += 1
        quotation = context.quotation_starting_at(k + 1) if k < end and tokens.lower[k] in {",", ":"} else None
        parts = (preceding,)
        if quotation and quotation.is_speech:
            parts = (preceding, TokenSpan(quotation.start, quotation.end))
        return AttributionRecord("quoted_" + construction, subject.span, cue, parts)
    following = clauses.content_after(context, cue, after, end)
    if following and following.start < end:
        content = trim_span(tokens, *following)
        if content and (
            not preceding
            or _is_explicit(context, following.start)
            or "r" not in cue.frames
            or not _is_self_contained(context, preceding)
        ):
            opening = _opening_kind(context, following.start)
            return AttributionRecord(f"{opening}_{construction}", subject.span, cue, (content,))
    if is_reporting and preceding and _is_self_contained(context, preceding):
        if cue.frames in {"q", "qn"} and construction == "inverted" and cue.form != "s":
            return None
        return AttributionRecord("postposed_" + construction, subject.span, cue, (preceding,))
    return None


def _content_before(
    context: RuleContext, passage: TokenSpan, end: int, free: int, subject: Subject
) -> tuple[TokenSpan | None, bool]:
    """Return the content before the cue and its subject, or None, and whether it is a quotation."""
    edge, tokens = subject.edge, context.tokens
    if subject.construction == "shared":
        return None, False
    if edge > passage.start and (tokens.at(edge - 1) == "," or context.quotation_ending_at(edge - 1)):
        quotation = context.quotation_ending_at(edge - 1) or context.quotation_ending_at(edge - 2)
        is_quoted = quotation is not None and (quotation.is_speech or tokens.lower[quotation.end - 2] == ",")
        return trim_span(tokens, free, edge), is_quoted
    if edge == passage.start:
        span = _quotation_before(context, passage, subject.after, end)
        return span, span is not None
    return None, False


def _opening_kind(context: RuleContext, i: int) -> str:
    """Return how content begins, as the names of rules have it: that, quoted or bare."""
    if context.tokens.lower[i] in {"that", "whether", "if"}:
        return "that"
    return "quoted" if context.quotation_starting_at(i) else "bare"


def _is_explicit(context: RuleContext, i: int) -> bool:
    """Return whether a clause plainly begins at ``i``: with a conjunction, a subject pronoun or a quotation."""
    return context.tokens.lower[i] in {"that", "whether", "he", "she", "they", "it", "there", "we"} or bool(
        context.quotation_starting_at(i)
    )


def _is_self_contained(context: RuleContext, preceding: TokenSpan) -> bool:
    """Return whether the words before the cue can be the content by themselves, rather than an adverbial."""
    lower, words = context.tokens.lower, context.tokens.words
    if preceding.end - preceding.start < MIN_WORDS_BEFORE or lower[preceding.start] in {"who", "which"}:
        return False
    is_adverbial = lower[preceding.start] in _ADVERBIAL_OPENERS or preceding.start in context.date_tokens
    bound = min(preceding.end, preceding.start + clauses.MAX_CLAUSE_WORDS)
    return not is_adverbial or "," in words[preceding.start : bound]


def _quotation_before(context: RuleContext, passage: TokenSpan, after: int, end: int) -> TokenSpan | None:
    """Return the quotation before a passage that only names the speaker: "Why?" | Moyo asked."""
    k = passage.start - 1
    while k >= 0 and context.tokens.words[k].isspace() and "\n" not in context.tokens.words[k]:
        k -= 1
    quotation = context.quotation_ending_at(k)
    if quotation and quotation.is_speech and end - after <= 1:
        return TokenSpan(quotation.start, quotation.end)
    return None
