"""Who is for or against whom within a sentence, by the words between the two names, and how a sentence stands to one name."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from services.contracts import StanceLabel
from workers.english.lexicon import listed
from workers.stance import polarity, scores

_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_BE: Final = listed("is are was were be been being gets got")
_NEGATIONS: Final = listed("not never no n't don't doesn't didn't won't wouldn't refused declined without")
_LEADS: Final = listed("of for on against with to towards toward from over")
# How far the word that takes a side may stand from its subject and from its object, in words.
BEFORE: Final = 9
AFTER: Final = 9
WINDOW: Final = 25

Holder = Literal["a", "b"]


def between(text: str, a: tuple[int, int], b: tuple[int, int]) -> dict[str, Any]:
    """Say whether ``a`` supports or opposes ``b``, or ``b`` ``a``, or neither, in the shape of the task ``stance_pairs``."""
    swapped = b < a
    left, right = (b, a) if swapped else (a, b)
    words = [match[0].lower() for match in _WORD.finditer(text, left[1], max(left[1], right[0]))]
    found = _side(words)
    if found is None:
        return {"stance": "none", "holder": None, "score": scores.NO_RELATION}
    side, backwards, kind = found
    holder: Holder = "b" if backwards != swapped else "a"
    return {"stance": side.value, "holder": holder, "score": scores.RELATION[kind, side.value]}


def _side(words: list[str]) -> tuple[StanceLabel, bool, str] | None:
    """Return the side that the words between two names take, whether the second takes it, and how it was seen."""
    verbs, nouns = polarity.verbs(), polarity.nouns()
    for i, word in enumerate(words[: BEFORE + 1]):
        if any(before in _NEGATIONS for before in words[max(0, i - 3) : i]):
            continue
        verb = verbs.get(word)
        if verb and tuple(words[i + 1 : i + 1 + len(verb[1])]) == verb[1]:
            side = verb[0]
            helped = any(before in _BE for before in words[max(0, i - 2) : i]) and not word.endswith("ing")
            if "by" in words[i + 1 : i + 5]:
                return (side, True, "passive") if len(words) - i <= AFTER else None
            if helped:
                continue
            if len(words) - i <= AFTER:
                return side, False, "verb"
        noun = nouns.get(word)
        if noun and any(lead in _LEADS for lead in words[i + 1 : i + 3]) and len(words) - i <= AFTER:
            return noun, False, "noun"
    return None


def towards(text: str, target: tuple[int, int]) -> dict[str, Any]:
    """Say how the sentence stands to ``target``, by words of praise and blame near it, in the shape of ``target_sentiment``."""
    feelings = polarity.feelings()
    before = [match[0].lower() for match in _WORD.finditer(text, 0, target[0])][-WINDOW:]
    after = [match[0].lower() for match in _WORD.finditer(text, target[1])][:WINDOW]
    balance = 0.0
    for near in (before[::-1], after):
        for distance, word in enumerate(near):
            side = feelings.get(word)
            if side:
                weight = 1 / (1 + distance / 6)
                negated = (
                    near[distance + 1 : distance + 3] if near is not after else after[max(0, distance - 2) : distance]
                )
                weight = -weight if any(w in _NEGATIONS for w in negated) else weight
                balance += weight if side is StanceLabel.SUPPORT else -weight
    if abs(balance) < scores.BALANCE:
        return {"stance": "none", "score": scores.FEELING["none"]}
    label = "support" if balance > 0 else "oppose"
    return {"stance": label, "score": scores.FEELING[label]}
