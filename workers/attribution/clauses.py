"""The extent of a content, found from its cue: the words after the cue ("said that ...") and where they end."""

from __future__ import annotations

from typing import Final

from workers.attribution.rule_context import RuleContext
from workers.doc.records import CueRecord, TokenSpan
from workers.english.lexicon import word_set
from workers.english.phrases import (
    AUXILIARIES,
    DETERMINERS,
    PREPOSITIONS,
    SUBJECT_PRONOUNS,
    is_adverb,
    is_phrase_boundary,
)

# The frames of cues that take a clause or quotation.
CLAUSAL_FRAMES: Final = frozenset("cqr")
_QUESTION_WORDS: Final = word_set("whether if how why what where who when")
_RECIPIENTS: Final = word_set(
    "me him her us them you it reporters journalists lawmakers parliament newsmen media voters supporters"
)
# The content ends before one of these; the article itself continues.
_RESUMING_CONJUNCTIONS: Final = word_set("but while although though whereas despite")
MAX_ADVERBIAL_WORDS: Final = 25
MAX_RECIPIENT_WORDS: Final = 14
MAX_SPEAKER_WORDS: Final = 8
# Longer clauses are lists or broken text. The limit also keeps the work from growing with the square of a sentence.
MAX_CLAUSE_WORDS: Final = 400


def content_after(context: RuleContext, cue: CueRecord, start: int, end: int) -> TokenSpan | None:
    """Return the content after ``cue`` between tokens ``start`` and ``end``, or None if only adverbials follow."""
    begin = _find_content_start(context, cue, start, end)
    if begin is None:
        return None
    return TokenSpan(begin, clause_end(context, begin, end))


def _find_content_start(context: RuleContext, cue: CueRecord, start: int, end: int) -> int | None:
    """Return the first token of the content, past dates, adverbs, a recipient and adverbials, or None."""
    lower = context.tokens.lower
    end = min(end, start + MAX_CLAUSE_WORDS)
    i = start
    while i < end and (
        i in context.date_tokens or (lower[i] == "on" and i + 1 in context.date_tokens) or is_adverb(lower[i])
    ):
        i += 1
    if "r" in cue.frames and i < end and not _starts_content(context, i, end, allow_bare_clause=False):
        i = _recipient_end(context, i, end)
        while i < end and (i in context.date_tokens or (lower[i] == "on" and i + 1 in context.date_tokens)):
            i += 1
    if i >= end:
        return None
    if _starts_content(context, i, end, allow_bare_clause="c" in cue.frames or ("r" in cue.frames and i > start)):
        return _after_mark(context, i, end)
    # Adverbials between the cue and the content: "said in Geneva on Monday that ...".
    for k in range(i, min(end, i + MAX_ADVERBIAL_WORDS)):
        if lower[k] == "that" and lower[k - 1] not in PREPOSITIONS and k > i:
            return k
        if lower[k] == ":" or (lower[k] == "," and context.quotation_starting_at(k + 1)):
            return _after_mark(context, k, end)
        if is_phrase_boundary(lower[k]) and not context.quotation_starting_at(k):
            return None
    return None


def _after_mark(context: RuleContext, i: int, end: int) -> int | None:
    """Return the first token at or after ``i`` that is not a comma, a colon or white space; None at ``end``."""
    while i < end and context.tokens.lower[i] in {",", ":"}:
        i += 1
    while i < end and context.tokens.words[i].isspace():
        i += 1
    return i if i < end else None


def _starts_content(context: RuleContext, i: int, end: int, *, allow_bare_clause: bool) -> bool:
    """Return whether content can begin at ``i``: with a conjunction, a mark or a quotation.

    ``allow_bare_clause`` also accepts a clause without a conjunction ("said | the bridge was safe").
    """
    lower, words = context.tokens.lower, context.tokens.words
    word = lower[i]
    if word in {"that", ":"} or word in _QUESTION_WORDS or context.quotation_starting_at(i):
        return True
    if word == "," and context.quotation_starting_at(i + 1):
        return True
    if not allow_bare_clause:
        return False
    if word in SUBJECT_PRONOUNS or word in DETERMINERS or word in {"there", "such", "not", "only", "when", "if"}:
        return True
    if (
        is_phrase_boundary(word)
        or word in PREPOSITIONS
        or word in AUXILIARIES
        or word in {"as", "and", "or", "so", "to", "after", "while", "because", "than", "but"}
    ):
        return False
    return words[i][0].isupper() or words[i][0].isdigit() or i + 2 < end


def _recipient_end(context: RuleContext, i: int, end: int) -> int:
    """Return where the recipient ends: "told reporters in Geneva | the plan was dead"."""
    lower = context.tokens.lower
    if i < end and lower[i] in _RECIPIENTS:
        return i + 1
    bound = min(end, i + MAX_RECIPIENT_WORDS)
    k = i
    while k < bound:
        word = lower[k]
        if (
            is_phrase_boundary(word)
            or word == "that"
            or context.quotation_starting_at(k)
            or word in {"as", "while", "after", "when", "because", "if"}
        ):
            break
        if k > i and (
            word in SUBJECT_PRONOUNS
            or (word in DETERMINERS and lower[k - 1] not in PREPOSITIONS and lower[k - 1] not in DETERMINERS)
        ):
            break
        if word in AUXILIARIES and k > i + 1:  # the clause's verb: its subject is the name before it
            return max(i + 1, k - 1)
        k += 1
    return k


def clause_end(context: RuleContext, begin: int, end: int) -> int:  # noqa: C901, PLR0911  # one exit for each kind of clause end
    """Return where the clause that begins at ``begin`` ends, at most ``end``.

    It ends before ";", ", adding", ", according to" and the like.
    """
    lower = context.tokens.lower
    quotation = context.quotation_starting_at(begin)
    if quotation and (quotation.end >= end or lower[quotation.end - 2] in {".", "!", "?"}):
        return min(max(quotation.end, begin + 1), len(lower))
    cue_at = context.cue_at
    end = min(end, begin + MAX_CLAUSE_WORDS)
    k = begin + 1
    while k < end:
        if context.quotation_index[k] >= 0 and context.quotations[context.quotation_index[k]].start < k:
            k = context.quotations[context.quotation_index[k]].end
            if lower[k - 2] == "," and any(
                i in cue_at for i in range(k + 1, min(end, k + MAX_SPEAKER_WORDS))
            ):  # "...," he said
                return min(k, end)
            continue
        word = lower[k]
        if word == ";":
            return k
        if word in {",", "—", "–"} and k + 1 < end:
            next_cue = cue_at.get(k + 1)
            if next_cue and next_cue.form in {"ing", "according"}:
                return k
            if lower[k + 1] in _RESUMING_CONJUNCTIONS:
                return k
            if lower[k + 1] in {"and", "but"} and cue_at.get(k + 2):
                return k
        if word in {"and", "but"} and cue_at.get(k + 1) and cue_at[k + 1].form in {"past", "s"}:
            return k
        if word == "according" and cue_at.get(k):
            return k
        k += 1
    return end


def infinitive_after(context: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return the infinitive directly after a cue ("vowed | to ..."), or None."""
    lower = context.tokens.lower
    i = start
    while i < end and (is_adverb(lower[i]) or i in context.date_tokens or lower[i] == "not"):
        i += 1
    if i + 1 < end and lower[i] == "to":
        return TokenSpan(i, clause_end(context, i, end))
    return None


def demand_after(context: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return the recipient of a demand with the demanded act ("urged | the council to act"), or None."""
    lower = context.tokens.lower
    for k in range(start + 1, min(end, start + MAX_ADVERBIAL_WORDS)):
        if lower[k] == "to" and not is_phrase_boundary(lower[k - 1]):
            return TokenSpan(start, clause_end(context, start, end))
        if is_phrase_boundary(lower[k]) and not context.quotation_starting_at(k):
            return None
    return None


def direct_object_after(context: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return the noun phrase after a cue that takes a direct object ("rejected | the offer"), or None."""
    lower = context.tokens.lower
    i = start
    while i < end and is_adverb(lower[i]):
        i += 1
    if i >= end:
        return None
    word = lower[i]
    if is_phrase_boundary(word) and not context.quotation_starting_at(i):
        return None
    if word in PREPOSITIONS or word in AUXILIARIES or word in {"to", "as", "and", "or", "that"}:
        return None
    k = i
    end = min(end, i + MAX_CLAUSE_WORDS)
    while k < end:
        if context.quotation_index[k] >= 0 and context.quotation_starting_at(k):
            k = context.quotations[context.quotation_index[k]].end
            continue
        if k > i and (lower[k] in {",", ";", "—", "–", "--", ":"}):
            break
        if lower[k] in {"while", "but", "because", "after", "when", "although", "saying", "during"}:
            break
        k += 1
    return TokenSpan(i, k) if k > i else None
