"""Stances by word lists alone: between two names in a sentence, and of a sentence towards one name."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from services.contracts import StanceLabel
from workers.english.lexicon import word_set
from workers.stance import polarity, scores

_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PASSIVE_AUXILIARIES: Final = word_set("is are was were be been being gets got")
_NEGATIONS: Final = word_set("not never no n't don't doesn't didn't won't wouldn't refused declined without")
_NOUN_PREPOSITIONS: Final = word_set("of for on against with to towards toward from over")
# The distance in words of the verb or noun from the first name, and of the second name from it.
MAX_WORDS_BEFORE: Final = 9
MAX_WORDS_AFTER: Final = 9
WINDOW_WORDS: Final = 25

HolderName = Literal["a", "b"]


def stance_between(text: str, a: tuple[int, int], b: tuple[int, int]) -> dict[str, Any]:
    """Return the stance between the names ``a`` and ``b`` of a sentence, in the shape of the task ``stance_pairs``.

    ``a`` and ``b`` are spans of characters. ``holder`` is "a", "b" or None.
    """
    is_swapped = b < a
    left, right = (b, a) if is_swapped else (a, b)
    words = [match[0].lower() for match in _WORD.finditer(text, left[1], max(left[1], right[0]))]
    reading = read_words_between(words)
    if reading is None:
        return {"stance": "none", "holder": None, "score": scores.NO_RELATION}
    stance, by_second, construction = reading
    holder: HolderName = "b" if by_second != is_swapped else "a"
    return {"stance": stance.value, "holder": holder, "score": scores.WORDS_BETWEEN[construction, stance.value]}


def read_words_between(words: list[str]) -> tuple[StanceLabel, bool, str] | None:
    """Return the stance that the words between two names show, or None.

    With it come whether the second name is the holder, and the construction: verb, noun or passive.
    """
    verbs, nouns = polarity.verbs(), polarity.nouns()
    for i, word in enumerate(words[: MAX_WORDS_BEFORE + 1]):
        if any(before in _NEGATIONS for before in words[max(0, i - 3) : i]):
            continue
        verb = verbs.get(word)
        if verb and tuple(words[i + 1 : i + 1 + len(verb[1])]) == verb[1]:
            stance = verb[0]
            is_passive = any(
                before in _PASSIVE_AUXILIARIES for before in words[max(0, i - 2) : i]
            ) and not word.endswith("ing")
            if "by" in words[i + 1 : i + 5]:
                return (stance, True, "passive") if len(words) - i <= MAX_WORDS_AFTER else None
            if is_passive:
                continue
            if len(words) - i <= MAX_WORDS_AFTER:
                return stance, False, "verb"
        noun = nouns.get(word)
        if (
            noun
            and any(preposition in _NOUN_PREPOSITIONS for preposition in words[i + 1 : i + 3])
            and len(words) - i <= MAX_WORDS_AFTER
        ):
            return noun, False, "noun"
    return None


def sentiment_towards(text: str, target: tuple[int, int]) -> dict[str, Any]:
    """Return the stance of the sentence towards ``target``, in the shape of the task ``target_sentiment``.

    Words of praise and blame near the target, a span of characters, are weighed by their distance.
    """
    polarities = polarity.sentiment_words()
    before = [match[0].lower() for match in _WORD.finditer(text, 0, target[0])][-WINDOW_WORDS:]
    after = [match[0].lower() for match in _WORD.finditer(text, target[1])][:WINDOW_WORDS]
    balance = 0.0
    for nearby in (before[::-1], after):
        for distance, word in enumerate(nearby):
            stance = polarities.get(word)
            if stance:
                weight = 1 / (1 + distance / 6)
                negated = (
                    nearby[distance + 1 : distance + 3]
                    if nearby is not after
                    else after[max(0, distance - 2) : distance]
                )
                weight = -weight if any(negation in _NEGATIONS for negation in negated) else weight
                balance += weight if stance is StanceLabel.SUPPORT else -weight
    if abs(balance) < scores.MIN_BALANCE:
        return {"stance": "none", "score": scores.SENTIMENT["none"]}
    label = "support" if balance > 0 else "oppose"
    return {"stance": label, "score": scores.SENTIMENT[label]}
