"""Boundaries of subjects, verb groups and descriptions, guessed from closed word classes and punctuation.

These rules stand in for a syntactic parser.
"""

from __future__ import annotations

from typing import Final

from workers.doc.records import TokenSpan
from workers.doc.tokens import Tokens
from workers.english.lexicon import word_list, word_set

SUBJECT_PRONOUNS: Final = frozenset({"he", "she", "they", "it", "we", "i", "you"})
DETERMINERS: Final = word_set(
    "the a an this these those his her its their our my your some many most several both all each every "
    "another other no any one two three"
)
BE: Final = frozenset({"is", "are", "was", "were", "be", "been", "being", "am", "'re", "'m"})
HAVE: Final = frozenset({"has", "have", "had", "having"})
MODALS: Final = frozenset(
    {"will", "would", "can", "could", "may", "might", "shall", "should", "must", "do", "does", "did"}
)
NEGATIONS: Final = word_set(
    "not never n't don't doesn't didn't don’t doesn’t didn’t hasn't haven't hadn't hasn’t haven’t hadn’t "
    "wouldn't won't wouldn’t won’t cannot can't can’t couldn't couldn’t nor neither"
)
AUXILIARIES: Final = BE | HAVE | MODALS
PREPOSITIONS: Final = word_set(
    "of in on at by for from to with about against into over under after before during since until through "
    "between among within without despite near across around outside inside behind upon amid per via "
    "following like unlike beyond towards toward along alongside besides throughout"
)
POSSESSIVES: Final = frozenset({"'s", "’s", "'", "’"})
SUBORDINATORS: Final = word_set(
    "that which who whom whose when while where because as if although though unless whereas whether how why "
    "what than since until but or so yet"
)
ADVERBS: Final = word_set(
    "also later then again now still already once earlier today yesterday often always even just further "
    "previously repeatedly long soon first only instead meanwhile since recently both too thus therefore "
    "reportedly publicly openly flatly himself herself themselves itself"
)
# Words that begin the description of a speaker.
_ROLE_STARTS: Final = word_set(
    "president minister head chief director chairman leader spokesman spokeswoman professor secretary former "
    "senior co-founder founder"
)
_PHRASE_MARKS: Final = frozenset(',.;:!?—–-"“”«»„([…{}|/') | {"--", "...", "''", "``"}
_WEAK_MARKS: Final = frozenset({",", ";", ":", ".", "—", "–", "-", "--"})
_TRIMMED_LEFT: Final = _WEAK_MARKS | {")", "]"}
_TRIMMED_RIGHT: Final = _WEAK_MARKS | {"(", "["}
MAX_SUBJECT_WORDS: Final = 30
_MAX_ROLE_WORDS: Final = 3
_MAX_VERB_GROUP_WORDS: Final = 12
# Adverbs in -ly are longer than this; "fly" and "ply" are verbs.
_MAX_LY_VERB_LENGTH: Final = 4
_LY_NOUNS: Final = frozenset({"family", "italy", "ally", "july", "assembly"})


def is_adverb(word: str) -> bool:
    """Whether ``word``, in lower case, is an adverb that may stand between a subject and its verb."""
    return word in ADVERBS or (len(word) > _MAX_LY_VERB_LENGTH and word.endswith("ly") and word not in _LY_NOUNS)


def verb_group_start(tokens: Tokens, i: int) -> int:
    """Return the first token of the auxiliaries and adverbs directly before the verb ``i``, or ``i``."""
    first = max(tokens.sentence_start[i], i - _MAX_VERB_GROUP_WORDS)
    while i > first and (
        tokens.lower[i - 1] in AUXILIARIES or tokens.lower[i - 1] in NEGATIONS or is_adverb(tokens.lower[i - 1])
    ):
        i -= 1
    return i


def is_phrase_boundary(word: str) -> bool:
    """Whether ``word`` separates phrases: a punctuation mark or white space."""
    return word in _PHRASE_MARKS or word.isspace()


def subject_before(
    tokens: Tokens, i: int, first: int, verbs: frozenset[int], dates: frozenset[int]
) -> TokenSpan | None:
    """Return the subject that ends directly before token ``i``, the first of a verb group, or None.

    The subject begins at ``first`` or later. It contains neither ``verbs``, tokens known to be verbs, nor ``dates``,
    tokens inside dates.
    """
    lower = tokens.lower
    end = i
    if end <= first:
        return None
    if lower[end - 1] in SUBJECT_PRONOUNS or lower[end - 1] in {"who", "which"}:
        return TokenSpan(end - 1, end)
    if lower[end - 1] == ",":
        return _with_apposition(tokens, end - 1, first, verbs, dates)
    while end > first and (end - 1) in dates:
        end -= 1
    if end > first and end < i and lower[end - 1] in {"on", "in", "late", "early"}:
        end -= 1
    start = _noun_phrase_start(tokens, end, first, verbs)
    start = _without_opening(tokens, start, end, dates)
    return TokenSpan(start, end) if start < end and _nominal(tokens, start, end) else None


def _with_apposition(
    tokens: Tokens, comma: int, first: int, verbs: frozenset[int], dates: frozenset[int]
) -> TokenSpan | None:
    """Return a subject with an apposition ("Name, the mayor,") that ends at ``comma``, the token before the verb.

    A short insertion between commas, such as an age or a state, is skipped.
    """
    opened = comma
    lowest = max(first, comma - MAX_SUBJECT_WORDS)
    while True:
        inner = opened
        opened -= 1
        while opened > lowest and tokens.lower[opened] != ",":
            if is_phrase_boundary(tokens.lower[opened]) and tokens.lower[opened] not in {"(", ")"}:
                return None
            opened -= 1
        if tokens.lower[opened] != "," or opened <= first:
            return None
        before = opened - 1
        short = (
            before > lowest
            and tokens.lower[before - 1] == ","
            and (tokens.words[before][0].isdigit() or tokens.words[before][0].isupper())
        )
        if not short or inner < comma:
            break
    start = _noun_phrase_start(tokens, opened, first, verbs)
    if tokens.words[start][0].isdigit() and start > first + 1 and tokens.lower[start - 1] == ",":
        start = _noun_phrase_start(tokens, start - 1, first, verbs)
    start = _without_opening(tokens, start, opened, dates)
    named = any(tokens.words[k][0].isupper() for k in range(start, opened))
    return TokenSpan(start, comma) if start < opened and named and _nominal(tokens, start, opened) else None


def _noun_phrase_start(tokens: Tokens, end: int, first: int, verbs: frozenset[int]) -> int:
    """Return the start of the noun phrase that ends at ``end``, walking left over words that it may contain."""
    lower, words = tokens.lower, tokens.words
    lowest = max(first, end - MAX_SUBJECT_WORDS)
    k = end
    while k > lowest:
        word = lower[k - 1]
        if word == ")":
            opened = next((j for j in range(k - 2, max(lowest, k - 10) - 1, -1) if lower[j] == "("), -1)
            if opened < 0:
                break
            k = opened
            continue
        if (
            is_phrase_boundary(word)
            or word in AUXILIARIES
            or word in SUBORDINATORS
            or (k - 1) in verbs
            or word in NEGATIONS
        ):
            break
        if word in {"and", "&"}:
            left = words[k - 2] if k - 2 >= lowest else ""
            if not left or not (left[0].isupper() or lower[k - 2] in SUBJECT_PRONOUNS) or k >= end:
                break
        if word in SUBJECT_PRONOUNS and k < end and lower[k] != "and":
            break
        k -= 1
    return k


def _without_opening(tokens: Tokens, start: int, end: int, dates: frozenset[int]) -> int:
    """Return ``start`` moved past a sentence opening before the subject: "On Monday", "In Geneva", "Meanwhile"."""
    lower = tokens.lower
    while start < end:
        word = lower[start]
        if start in dates or is_adverb(word) or word in {"and", "&", "however"}:
            start += 1
        elif word in PREPOSITIONS:
            start += 1
            while start < end and start in dates:
                start += 1
            if start < end and (start - 1) not in dates:
                after = next(
                    (k for k in range(start + 1, end) if lower[k] in DETERMINERS and lower[k - 1] not in PREPOSITIONS),
                    0,
                )
                start = after or _second_name(tokens, start, end)
        else:
            break
    return start


def _second_name(tokens: Tokens, start: int, end: int) -> int:
    """Return the first capitalised word that follows a lower-case word, or ``end``."""
    for k in range(start + 1, end):
        if (
            tokens.words[k][0].isupper()
            and not tokens.words[k - 1][0].isupper()
            and tokens.lower[k - 1] not in PREPOSITIONS | DETERMINERS
        ):
            return k
    return end


def _nominal(tokens: Tokens, start: int, end: int) -> bool:
    """Whether the span ends in a word that can head a subject."""
    word = tokens.lower[end - 1]
    if word in PREPOSITIONS or word in {"to", "and", "'s", "’s"}:
        return False
    return any(tokens.words[k][0].isalnum() for k in range(start, end)) and not (
        end - start == 1 and word in {"there", "that", "this"}
    )


def subject_after(tokens: Tokens, i: int, last: int) -> TokenSpan | None:
    """Return the subject that begins at token ``i``, directly after its verb, or None.

    The subject ends at ``last`` or before and includes a description: "said the minister, who ...".
    """
    if i >= last:
        return None
    word = tokens.words[i]
    lower = tokens.lower[i]
    opening = tokens.lower[i : min(last, i + _MAX_ROLE_WORDS)]
    is_role = lower in _ROLE_STARTS or bool(word_list("roles").intersection(opening))  # "rail boss Kemp"
    if lower in {"that", "no"} or not (word[0].isupper() or lower in DETERMINERS or is_role):
        return None
    k = _noun_phrase_end(tokens, i, last)
    if k < last and tokens.lower[k] in AUXILIARIES:
        return None
    if not (k > i and _nominal(tokens, i, k)):
        return None
    described = k + 1 < last and (
        tokens.lower[k] in {"who", "whose"} or (tokens.lower[k] == "," and _describes(tokens, k + 1))
    )
    return TokenSpan(i, _description_end(tokens, k + 1, last) if described else k)


def _describes(tokens: Tokens, k: int) -> bool:
    """Whether a description of a person, or an age, begins at token ``k``."""
    word = tokens.lower[k]
    return word in {"a", "an", "the", "who", "whose", "one"} or word in _ROLE_STARTS or word.isdecimal()


def _description_end(tokens: Tokens, k: int, last: int) -> int:
    """Return the end of a speaker's description: the comma that closes it, another mark, or ``last``."""
    bound = min(last, k + MAX_SUBJECT_WORDS)
    while k < bound:
        if is_phrase_boundary(tokens.lower[k]) and not (
            tokens.lower[k] == "," and k + 1 < bound and _describes(tokens, k + 1)
        ):
            return k
        k += 1
    return k


def _noun_phrase_end(tokens: Tokens, i: int, last: int) -> int:
    """Return the end of the noun phrase that begins at ``i``, walking right over words that it may contain."""
    k = i
    bound = min(last, i + MAX_SUBJECT_WORDS)
    while k < bound:
        word = tokens.lower[k]
        if word == "(":
            closed = next((j for j in range(k + 1, min(bound, k + 8)) if tokens.lower[j] == ")"), -1)
            if closed < 0:
                break
            k = closed + 1
            continue
        if is_phrase_boundary(word) or word in AUXILIARIES or word in SUBORDINATORS or is_adverb(word):
            break
        if word in PREPOSITIONS and not (
            word in {"of", "for"} or (word == "at" and k + 2 < bound and tokens.words[k + 1][0].isupper())
        ):
            break
        k += 1
    return k


def trim_span(tokens: Tokens, start: int, end: int) -> TokenSpan | None:
    """Return the span without white space and weak punctuation at either end, or None if nothing remains."""
    while start < end and (tokens.words[start].isspace() or tokens.words[start] in _TRIMMED_LEFT):
        start += 1
    while end > start and (tokens.words[end - 1].isspace() or tokens.words[end - 1] in _TRIMMED_RIGHT):
        end -= 1
    return TokenSpan(start, end) if start < end else None
