"""What is said, seen from its cue: the words after it ("said that ...") and where they end."""

from __future__ import annotations

from typing import Final

from workers.attribution.scene import RuleContext
from workers.doc.records import CueRecord, TokenSpan
from workers.english.lexicon import listed
from workers.english.phrases import AUXILIARIES, DETERMINERS, PREPOSITIONS, SUBJECT_PRONOUNS, is_adverb, is_gap

_WHAT: Final = listed("whether if how why what where who when")
_OBJECTS: Final = listed(
    "me him her us them you it reporters journalists lawmakers parliament newsmen media voters supporters"
)
# After a clause in front of one of these, the article speaks again.
_RESUMES: Final = listed("but while although though whereas despite")
ADJUNCT_WORDS: Final = 25
RECIPIENT_WORDS: Final = 14
SPEAKER_WORDS: Final = 8
# Longer clauses are lists or broken text; and the work must not grow with the square of a sentence.
CLAUSE_WORDS: Final = 400


def forward(scene: RuleContext, cue: CueRecord, start: int, end: int) -> TokenSpan | None:
    """Return what is said after ``cue``, looking at tokens ``start`` to ``end``; nothing where only circumstances follow."""
    begin = _content_start(scene, cue, start, end)
    if begin is None:
        return None
    return TokenSpan(begin, clause_end(scene, begin, end))


def _content_start(scene: RuleContext, cue: CueRecord, start: int, end: int) -> int | None:
    lower = scene.tokens.lower
    end = min(end, start + CLAUSE_WORDS)
    i = start
    while i < end and (i in scene.dates or (lower[i] == "on" and i + 1 in scene.dates) or is_adverb(lower[i])):
        i += 1
    if "r" in cue.frames and i < end and not _starts_content(scene, i, end, plain=False):
        i = _recipient_end(scene, i, end)
        while i < end and (i in scene.dates or (lower[i] == "on" and i + 1 in scene.dates)):
            i += 1
    if i >= end:
        return None
    if _starts_content(scene, i, end, plain="c" in cue.frames or ("r" in cue.frames and i > start)):
        return _after_mark(scene, i, end)
    # Circumstances between the cue and what is said: "said in Geneva on Monday that ...".
    for k in range(i, min(end, i + ADJUNCT_WORDS)):
        if lower[k] == "that" and lower[k - 1] not in PREPOSITIONS and k > i:
            return k
        if lower[k] == ":" or (lower[k] == "," and scene.opens(k + 1)):
            return _after_mark(scene, k, end)
        if is_gap(lower[k]) and not scene.opens(k):
            return None
    return None


def _after_mark(scene: RuleContext, i: int, end: int) -> int | None:
    while i < end and scene.tokens.lower[i] in {",", ":"}:
        i += 1
    while i < end and scene.tokens.words[i].isspace():
        i += 1
    return i if i < end else None


def _starts_content(scene: RuleContext, i: int, end: int, *, plain: bool) -> bool:
    """Whether what is said begins at ``i``: with a conjunction, a mark or, where ``plain``, with a clause of its own."""
    lower, words = scene.tokens.lower, scene.tokens.words
    word = lower[i]
    if word in {"that", ":"} or word in _WHAT or scene.opens(i):
        return True
    if word == "," and scene.opens(i + 1):
        return True
    if not plain:
        return False
    if word in SUBJECT_PRONOUNS or word in DETERMINERS or word in {"there", "such", "not", "only", "when", "if"}:
        return True
    if (
        is_gap(word)
        or word in PREPOSITIONS
        or word in AUXILIARIES
        or word in {"as", "and", "or", "so", "to", "after", "while", "because", "than", "but"}
    ):
        return False
    return words[i][0].isupper() or words[i][0].isdigit() or i + 2 < end


def _recipient_end(scene: RuleContext, i: int, end: int) -> int:
    """Return where the person told ends ("told reporters in Geneva | the plan was dead")."""
    lower = scene.tokens.lower
    if i < end and lower[i] in _OBJECTS:
        return i + 1
    bound = min(end, i + RECIPIENT_WORDS)
    k = i
    while k < bound:
        word = lower[k]
        if (
            is_gap(word)
            or word == "that"
            or scene.opens(k)
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


def clause_end(scene: RuleContext, begin: int, end: int) -> int:  # noqa: C901, PLR0911  # one exit for each thing that ends a clause
    """Return where the clause that begins at ``begin`` ends: before ", adding", ", according to", "; ..." or at ``end``."""
    lower = scene.tokens.lower
    quotation = scene.opens(begin)
    if quotation and (quotation.end >= end or lower[quotation.end - 2] in {".", "!", "?"}):
        return min(max(quotation.end, begin + 1), len(lower))
    starts = scene.cue_at
    end = min(end, begin + CLAUSE_WORDS)
    k = begin + 1
    while k < end:
        if scene.quoted[k] >= 0 and scene.quotations[scene.quoted[k]].start < k:
            k = scene.quotations[scene.quoted[k]].end
            if lower[k - 2] == "," and any(
                i in starts for i in range(k + 1, min(end, k + SPEAKER_WORDS))
            ):  # "..., he said
                return min(k, end)
            continue
        word = lower[k]
        if word == ";":
            return k
        if word in {",", "—", "–"} and k + 1 < end:
            after = starts.get(k + 1)
            if after and (after.form in {"ing", "according"}):
                return k
            if lower[k + 1] in _RESUMES:
                return k
            if lower[k + 1] in {"and", "but"} and starts.get(k + 2):
                return k
        if word in {"and", "but"} and starts.get(k + 1) and starts[k + 1].form in {"past", "s"}:
            return k
        if word == "according" and starts.get(k):
            return k
        k += 1
    return end


def infinitive(scene: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return the infinitive right after a cue ("vowed to ...")."""
    lower = scene.tokens.lower
    i = start
    while i < end and (is_adverb(lower[i]) or i in scene.dates or lower[i] == "not"):
        i += 1
    if i + 1 < end and lower[i] == "to":
        return TokenSpan(i, clause_end(scene, i, end))
    return None


def asked_of(scene: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return whom a demand goes to together with what is demanded ("urged | the council to act")."""
    lower = scene.tokens.lower
    for k in range(start + 1, min(end, start + ADJUNCT_WORDS)):
        if lower[k] == "to" and not is_gap(lower[k - 1]):
            return TokenSpan(start, clause_end(scene, start, end))
        if is_gap(lower[k]) and not scene.opens(k):
            return None
    return None


def object_after(scene: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return the noun phrase after a cue that takes one ("rejected | the offer")."""
    lower = scene.tokens.lower
    i = start
    while i < end and is_adverb(lower[i]):
        i += 1
    if i >= end:
        return None
    word = lower[i]
    if is_gap(word) and not scene.opens(i):
        return None
    if word in PREPOSITIONS or word in AUXILIARIES or word in {"to", "as", "and", "or", "that"}:
        return None
    k = i
    end = min(end, i + CLAUSE_WORDS)
    while k < end:
        if scene.quoted[k] >= 0 and scene.opens(k):
            k = scene.quotations[scene.quoted[k]].end
            continue
        if k > i and (lower[k] in {",", ";", "—", "–", "--", ":"}):
            break
        if lower[k] in {"while", "but", "because", "after", "when", "although", "saying", "during"}:
            break
        k += 1
    return TokenSpan(i, k) if k > i else None
