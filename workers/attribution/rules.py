"""Stage ``stancewire_attributions``: who said what, by the rules of English newspapers.

Writes ``doc._.attributions``.

An attribution is a source, a cue and a content, as in PARC and PolNeAR (Newell, Margolin & Ruths, LREC 2018):
the content keeps its quotation marks and the "that" before it. Each rule has a name;
``workers.attribution.scores`` holds how often each was right.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.attribution import clauses, scores
from workers.attribution.scene import RuleContext
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import listed
from workers.english.phrases import SUBJECT_PRONOUNS, is_gap, subject_after, subject_before, trimmed

MIN_WORDS_BEFORE: Final = 3
REACH: Final = 30
TITLE_WORDS: Final = 5
REPORT_WORDS: Final = 4  # "the latest news reports | that"
SOURCE_WORDS: Final = 80  # longer ones are broken text; and the work must not grow with the square of a sentence
_RELATIVE: Final = frozenset({"who", "which", "whose", "as", "while", "adding", "when", "after", "and", "but"})
CLAUSAL: Final = frozenset("cqr")
_REPORTING: Final = frozenset({"say", "add", "report", "note", "warn", "explain"})
_REPORTS: Final = listed(
    "report reports claim claims allegation allegations accusation accusations charge charges suggestion suggestions rumor "
    "rumors rumour rumours speculation notion idea argument assertion assertions contention view concerns fears"
)
_CIRCUMSTANCES: Final = listed(
    "in on at during after when as while although speaking asked since before earlier however for but and "
    "despite with by from if under"
)


@Language.factory("stancewire_attributions")
class RuleAttributions:
    """Finds attributed statements."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take what spaCy hands to every factory; there is nothing to set."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.attributions``; ``stancewire_layouts`` adds to them and orders them."""
        scene = RuleContext.of(doc)
        cues = iter(scene.cues)
        cue = next(cues, None)
        for unit in scene.units:
            inside: list[CueRecord] = []
            while cue and cue.verb < unit.end:
                if cue.verb >= unit.start:
                    inside.append(cue)
                cue = next(cues, None)
            if inside:
                _read_unit(scene, unit, inside)
        for statement in scene.statements:
            statement.score = scores.of(statement)
        doc._.attributions = scene.statements
        return doc


def _read_unit(scene: RuleContext, unit: TokenSpan, cues: list[CueRecord]) -> None:
    """Read the cues of one unit from left to right."""
    end = scene.bare_end(unit)
    free = unit.start  # what lies before is the content or source of an earlier cue
    source: TokenSpan | None = None
    for cue in cues:
        if cue.verb < free and not (cue.form == "ing" or cue.lemma == "according to"):
            continue
        statement = (
            _according(scene, unit, cue, end) if cue.form == "according" else _verb(scene, unit, cue, end, free, source)
        )
        if statement is None:
            continue
        scene.statements.append(statement)
        source = statement.source or source
        free = max(cue.span.end, *(part.end for part in statement.content))


def _according(scene: RuleContext, unit: TokenSpan, cue: CueRecord, end: int) -> AttributionRecord | None:
    """Read "According to X, ..." and "..., according to X"."""
    tokens = scene.tokens
    after = cue.span.end
    bound = min(end, after + SOURCE_WORDS)
    stop = next(
        (k for k in range(after, bound) if is_gap(tokens.lower[k]) and tokens.lower[k] not in {"(", ")", "/"}), bound
    )
    source = subject_after(tokens, after, end) if stop < end and cue.span.start > unit.start + 1 else None
    source = source or trimmed(tokens, after, stop)
    if source is None:
        return None
    if cue.span.start <= unit.start + 1:
        begin = next((k + 1 for k in range(source.end, min(end, source.end + REACH)) if tokens.words[k] == ","), None)
        content = (
            trimmed(tokens, begin, clauses.clause_end(scene, begin, end)) if begin is not None and begin < end else None
        )
    else:
        begin = max(unit.start, cue.span.start - clauses.CLAUSE_WORDS)
        content = trimmed(tokens, begin, cue.span.start)
    return AttributionRecord("according", source, cue, (content,)) if content else None


def _verb(  # noqa: C901  # the order in which the ways to build a sentence are tried
    scene: RuleContext, unit: TokenSpan, cue: CueRecord, end: int, free: int, source: TokenSpan | None
) -> AttributionRecord | None:
    """Everything built around a verb."""
    tokens = scene.tokens
    start = cue.span.start
    before = tokens.at(start - 1) if start > unit.start else ""
    after = cue.span.end
    subject = subject_before(tokens, start, scene.after_quotation(start, free), scene.verbs, scene.dates)
    rule = "subject"
    inverted = False
    if subject is None and cue.form in {"past", "s"} and _invertible(scene, cue, start) and after not in scene.dates:
        subject = subject_after(tokens, after, end)
        if subject:
            rule, inverted, after = "inverted", True, subject.end
    if subject is None and source is not None and (cue.form == "ing" or before in {"and", "but", ","}):
        subject, rule = source, "shared"
    if subject is None and cue.form == "ing" and before == ",":
        subject, rule = _opening_name(scene, unit), "opening"
    if subject is None:
        return None
    if tokens.at(min(subject.start, start) - 1) == "as" and rule == "subject":
        return None
    edge = start if inverted else subject.start
    if "i" in cue.frames and tokens.at(after) == "to":
        content = clauses.infinitive(scene, after, end)
        return AttributionRecord(rule + "_infinitive", subject, cue, (content,)) if content else None
    if cue.act in {Act.DENY, Act.REJECT} and _reported(tokens.lower[after : min(end, after + REPORT_WORDS)]):
        return AttributionRecord("report", subject, cue, (TokenSpan(after, clauses.clause_end(scene, after, end)),))
    if CLAUSAL.intersection(cue.frames):
        found = _clausal(scene, unit, cue, end, free, subject, edge, after, rule, inverted=inverted)
        if found:
            return found
    content = None
    if "o" in cue.frames:
        content, rule = clauses.asked_of(scene, after, end), "asked"
    if content is None and "n" in cue.frames and not inverted:
        content, rule = clauses.object_after(scene, after, end), "object"
    content = trimmed(tokens, *content) if content else None
    return AttributionRecord(rule, subject, cue, (content,)) if content else None


def _reported(words: list[str]) -> bool:
    """Whether what follows is what somebody has said, with what that was: "(denied) recent reports that ..."."""
    return any(word in _REPORTS and after == "that" for word, after in pairwise(words))


def _opening_name(scene: RuleContext, unit: TokenSpan) -> TokenSpan | None:
    """Return the pronoun or name that opens the unit: the subject of what the rest of it adds (", saying ...")."""
    lower = scene.tokens.lower
    if lower[unit.start] in SUBJECT_PRONOUNS:
        return TokenSpan(unit.start, unit.start + 1)
    for start in range(unit.start, min(unit.end, unit.start + TITLE_WORDS)):
        end = scene.names.get(start)
        if end and scene.capital(unit.start, start):
            return TokenSpan(unit.start, end) if scene.tokens.at(end) not in {"'s", "’s", "'"} else None
    return None


def _clausal(
    scene: RuleContext,
    unit: TokenSpan,
    cue: CueRecord,
    end: int,
    free: int,
    subject: TokenSpan,
    edge: int,
    after: int,
    rule: str,
    *,
    inverted: bool,
) -> AttributionRecord | None:
    """A clause or quotation before the cue, after it, or on both sides."""
    tokens = scene.tokens
    parted = tokens.at(edge - 1) == "," or bool(scene.closes(edge - 1)) if edge > unit.start else False
    back: TokenSpan | None = None
    quoted_back = False
    if parted and rule != "shared":
        closing = scene.closes(edge - 1) or scene.closes(edge - 2)
        back = trimmed(tokens, free, edge)
        quoted_back = closing is not None and (closing.speech or tokens.lower[closing.end - 2] == ",")
    elif edge == unit.start and rule != "shared":
        back = _unit_before(scene, unit, after, end)
        quoted_back = back is not None
    reporting = cue.lemma in scores.REPORTING
    if (
        reporting
        and back
        and not quoted_back
        and tokens.at(edge - 1) == ","
        and tokens.at(after) == ","
        and after + MIN_WORDS_BEFORE < end
    ):
        rest = trimmed(tokens, after, clauses.clause_end(scene, after, end))
        aside = rest is not None and (rest.start in scene.cue_at or scene.opens(rest.start))
        if rest and not aside and tokens.lower[rest.start] not in _RELATIVE:  # "The plan, he said, would fail."
            parts = (back, rest) if back.end - back.start > 1 else (rest,)
            return AttributionRecord("parenthesis_" + rule, subject, cue, parts)
    ahead = clauses.forward(scene, cue, after, end)
    if quoted_back and back:
        # "X," he said. "Y": what follows belongs to it only if it is quoted too.
        k = after
        while k < end and not is_gap(tokens.lower[k]):
            k += 1
        more = scene.opens(k + 1) if k < end and tokens.lower[k] in {",", ":"} else None
        content = (back, TokenSpan(more.start, more.end)) if more and more.speech else (back,)
        return AttributionRecord("quoted_" + rule, subject, cue, content)
    if ahead and (ahead.start < end):
        found = trimmed(tokens, *ahead)
        if found and (
            not back or _explicit(scene, ahead.start) or "r" not in cue.frames or not _self_contained(scene, back)
        ):
            name = (
                "that"
                if tokens.lower[ahead.start] in {"that", "whether", "if"}
                else ("quoted" if scene.opens(ahead.start) else "bare")
            )
            return AttributionRecord(f"{name}_{rule}", subject, cue, (found,))
    if reporting and back and _self_contained(scene, back) and not (cue.frames in {"q", "qn"} and inverted):
        return AttributionRecord("postposed_" + rule, subject, cue, (back,))
    return None


def _explicit(scene: RuleContext, i: int) -> bool:
    return scene.tokens.lower[i] in {"that", "whether", "he", "she", "they", "it", "there", "we"} or bool(
        scene.opens(i)
    )


def _self_contained(scene: RuleContext, back: TokenSpan) -> bool:
    """Whether what stands before the cue is itself what was said, and not where or when."""
    if back.end - back.start < MIN_WORDS_BEFORE or scene.tokens.lower[back.start] in {"who", "which"}:
        return False
    circumstance = scene.tokens.lower[back.start] in _CIRCUMSTANCES or back.start in scene.dates
    return not circumstance or "," in scene.tokens.words[back.start : min(back.end, back.start + clauses.CLAUSE_WORDS)]


def _invertible(scene: RuleContext, cue: CueRecord, start: int) -> bool:
    """Whether the subject may follow its verb here: after a quotation, or a comma where the verb is one that only reports."""
    if not CLAUSAL.intersection(cue.frames):
        return False
    return bool(scene.closes(start - 1) or scene.closes(start - 2)) or (
        scene.tokens.at(start - 1) == "," and cue.lemma in _REPORTING
    )


def _unit_before(scene: RuleContext, unit: TokenSpan, after: int, end: int) -> TokenSpan | None:
    """Return the quotation right before a unit that says no more than who spoke ("Why?" Moyo asked.)."""
    k = unit.start - 1
    while k >= 0 and scene.tokens.words[k].isspace() and "\n" not in scene.tokens.words[k]:
        k -= 1
    quotation = scene.closes(k)
    if quotation and quotation.speech and end - after <= 1:
        return TokenSpan(quotation.start, quotation.end)
    return None
