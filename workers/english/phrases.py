"""Where a subject begins, where a clause ends: what a parser would say, guessed from closed word classes and punctuation."""

from __future__ import annotations

from typing import Final

from workers.doc.records import TokenSpan
from workers.doc.tokens import Tokens
from workers.english.lexicon import listed

SUBJECT_PRONOUNS: Final = frozenset({"he", "she", "they", "it", "we", "i", "you"})
DETERMINERS: Final = listed(
    "the a an this these those his her its their our my your some many most several both all each every "
    "another other no any one two three"
)
BE: Final = frozenset({"is", "are", "was", "were", "be", "been", "being", "am", "'re", "'m"})
HAVE: Final = frozenset({"has", "have", "had", "having"})
MODALS: Final = frozenset(
    {"will", "would", "can", "could", "may", "might", "shall", "should", "must", "do", "does", "did"}
)
NEGATIONS: Final = frozenset(
    {
        "not",
        "never",
        "n't",
        "don't",
        "doesn't",
        "didn't",
        "don’t",
        "doesn’t",
        "didn’t",
        "hasn't",
        "haven't",
        "hadn't",
        "hasn’t",
        "haven’t",
        "hadn’t",
    }
    | {"wouldn't", "won't", "wouldn’t", "won’t", "cannot", "can't", "can’t", "couldn't", "couldn’t", "nor", "neither"}
)
AUXILIARIES: Final = BE | HAVE | MODALS
PREPOSITIONS: Final = listed(
    "of in on at by for from to with about against into over under after before during since until through "
    "between among within without despite near across around outside inside behind upon amid per via "
    "following like unlike beyond towards toward along alongside besides throughout"
)
POSSESSIVES: Final = frozenset({"'s", "’s", "'", "’"})
SUBORDINATORS: Final = listed(
    "that which who whom whose when while where because as if although though unless whereas whether how why "
    "what than since until but or so yet"
)
ADVERBS: Final = listed(
    "also later then again now still already once earlier today yesterday often always even just further "
    "previously repeatedly long soon first only instead meanwhile since recently both too thus therefore "
    "reportedly publicly openly flatly himself herself themselves itself"
)
_STOPS: Final = frozenset(',.;:!?—–-"“”«»„([…{}|/') | {"--", "...", "''", "``"}
SUBJECT_WORDS: Final = 30
GROUP_WORDS: Final = 12
# "fly" and "ply" are verbs.
LY_LENGTH: Final = 4


def is_adverb(word: str) -> bool:
    """Whether ``word`` may stand between a subject and its verb."""
    return word in ADVERBS or (
        len(word) > LY_LENGTH and word.endswith("ly") and word not in {"family", "italy", "ally", "july", "assembly"}
    )


def verb_group(tokens: Tokens, i: int) -> int:
    """Return where the group of auxiliaries and adverbs that ends at verb ``i`` begins."""
    first = max(tokens.first[i], i - GROUP_WORDS)
    while i > first and (
        tokens.lower[i - 1] in AUXILIARIES or tokens.lower[i - 1] in NEGATIONS or is_adverb(tokens.lower[i - 1])
    ):
        i -= 1
    return i


def is_gap(word: str) -> bool:
    """Whether ``word`` parts phrases: a punctuation mark or white space."""
    return word in _STOPS or word.isspace()


def subject_before(
    tokens: Tokens, i: int, first: int, verbs: frozenset[int], dates: frozenset[int]
) -> TokenSpan | None:
    """Return the subject that ends right before token ``i`` (a verb group's first), not reaching before ``first``.

    ``verbs`` are tokens known to be verbs, ``dates`` tokens inside dates: neither belongs to a subject.
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
    """Return "Name, what she is" where a comma stands right before the verb; an age or a state between commas is passed over."""
    opened = comma
    lowest = max(first, comma - SUBJECT_WORDS)
    while True:
        inner = opened
        opened -= 1
        while opened > lowest and tokens.lower[opened] != ",":
            if is_gap(tokens.lower[opened]) and tokens.lower[opened] not in {"(", ")"}:
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


_ROLE_STARTS: Final = listed(
    "president minister head chief director chairman leader spokesman spokeswoman professor secretary former "
    "senior co-founder founder"
)


def _noun_phrase_start(tokens: Tokens, end: int, first: int, verbs: frozenset[int]) -> int:
    """Walk left from ``end`` over what a noun phrase may hold."""
    lower, words = tokens.lower, tokens.words
    lowest = max(first, end - SUBJECT_WORDS)
    k = end
    while k > lowest:
        word = lower[k - 1]
        if word == ")":
            opened = next((j for j in range(k - 2, max(lowest, k - 10) - 1, -1) if lower[j] == "("), -1)
            if opened < 0:
                break
            k = opened
            continue
        if is_gap(word) or word in AUXILIARIES or word in SUBORDINATORS or (k - 1) in verbs or word in NEGATIONS:
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
    """Drop what opens a sentence before its subject: "On Monday", "In Geneva", "Meanwhile"."""
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
    """Return where a capitalised name follows a word in small letters, or ``end``."""
    for k in range(start + 1, end):
        if (
            tokens.words[k][0].isupper()
            and not tokens.words[k - 1][0].isupper()
            and tokens.lower[k - 1] not in PREPOSITIONS | DETERMINERS
        ):
            return k
    return end


def _nominal(tokens: Tokens, start: int, end: int) -> bool:
    """Whether the stretch ends in something that can head a subject."""
    word = tokens.lower[end - 1]
    if word in PREPOSITIONS or word in {"to", "and", "'s", "’s"}:
        return False
    return any(tokens.words[k][0].isalnum() for k in range(start, end)) and not (
        end - start == 1 and word in {"there", "that", "this"}
    )


def subject_after(tokens: Tokens, i: int, last: int) -> TokenSpan | None:
    """Return the subject that begins at token ``i``, after its verb.

    ("said the minister, who ..."), not reaching past ``last``.
    """
    if i >= last:
        return None
    word = tokens.words[i]
    if not (word[0].isupper() or tokens.lower[i] in DETERMINERS or tokens.lower[i] in _ROLE_STARTS) or tokens.lower[
        i
    ] in {
        "that",
        "no",
    }:
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
    word = tokens.lower[k]
    return word in {"a", "an", "the", "who", "whose", "one"} or word in _ROLE_STARTS or word.isdecimal()


def _description_end(tokens: Tokens, k: int, last: int) -> int:
    """Return where what describes a speaker ends: at the next comma that closes it, a mark or ``last``."""
    bound = min(last, k + SUBJECT_WORDS)
    while k < bound:
        if is_gap(tokens.lower[k]) and not (tokens.lower[k] == "," and k + 1 < bound and _describes(tokens, k + 1)):
            return k
        k += 1
    return k


def _noun_phrase_end(tokens: Tokens, i: int, last: int) -> int:
    """Walk right from ``i`` over what a noun phrase may hold."""
    k = i
    bound = min(last, i + SUBJECT_WORDS)
    while k < bound:
        word = tokens.lower[k]
        if word == "(":
            closed = next((j for j in range(k + 1, min(bound, k + 8)) if tokens.lower[j] == ")"), -1)
            if closed < 0:
                break
            k = closed + 1
            continue
        if is_gap(word) or word in AUXILIARIES or word in SUBORDINATORS or is_adverb(word):
            break
        if word in PREPOSITIONS and not (
            word in {"of", "for"} or (word == "at" and k + 2 < bound and tokens.words[k + 1][0].isupper())
        ):
            break
        k += 1
    return k


def trimmed(tokens: Tokens, start: int, end: int) -> TokenSpan | None:
    """Return the stretch without white space and weak punctuation at its ends; nothing if nothing is left."""
    while start < end and (
        tokens.words[start].isspace() or tokens.words[start] in {",", ";", ":", ".", "—", "–", "-", "--", ")", "]"}
    ):
        start += 1
    while end > start and (
        tokens.words[end - 1].isspace() or tokens.words[end - 1] in {",", ";", ":", ".", "—", "–", "-", "--", "(", "["}
    ):
        end -= 1
    return TokenSpan(start, end) if start < end else None
