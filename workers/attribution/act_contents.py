"""What is said decides what is done by it, where a verb may do several things: to ask for help, to ask whether it will rain."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.contracts import Act
from workers.english.lexicon import listed
from workers.english.phrases import AUXILIARIES, MODALS, is_adverb, is_gap
from workers.segmentation.quotations import MARKS

if TYPE_CHECKING:
    from workers.doc.records import AttributionRecord
    from workers.doc.tokens import Tokens

# How far into what is said a demand must come: later on it is mostly part of a relative clause.
REACH: Final = 25
# How far from the cue what is asked of somebody may begin: "told | the council of the old town | to".
RECIPIENT_WORDS: Final = 8
_DEMANDING: Final = listed("should must ought")
_NEEDING: Final = listed("need needs")
_WHETHER: Final = listed("whether if why how what who when where")
_REPORTING: Final = listed("say add write reply respond continue note tweet :")
_CONSEQUENCES: Final = listed(
    "consequences punish punished punishment repercussions reprisals retaliate retaliation revenge"
)
_OWN_WILL: Final = frozenset((who, will) for who in ("we", "i") for will in ("will", "would", "shall", "'ll", "’ll"))
_CONDITIONS: Final = listed("condition conditions demand demands requirements terms ultimatum")
_REQUESTS: Final = listed(
    "access appeal application applications bail entry motion parole permission permit petition request requests visa visas"
)


def by_content(tokens: Tokens, statement: AttributionRecord, act: Act, lemma: str) -> Act:
    """Return what is done, given what the cue alone does; ``lemma`` is the cue's, or a colon where the layout attributes."""
    words = _words(tokens, statement)
    for lemmas, decide in _DECIDING:
        if lemma in lemmas:
            return decide(words, _after(tokens, statement), act)
    if act is not Act.ASSERT:
        return act
    if lemma in _REPORTING and _is_question(words):
        return Act.ASK
    if _must(words) or (lemma == "insist" and _be(words)):
        return Act.DEMAND
    return act


def _words(tokens: Tokens, statement: AttributionRecord) -> list[str]:
    start, end = statement.content[0]
    while start < end and (tokens.words[start] in MARKS or is_gap(tokens.lower[start])):
        start += 1
    return tokens.lower[start:end]


def _after(tokens: Tokens, statement: AttributionRecord) -> list[str]:
    """Return what of the cue comes after its verb."""
    cue = statement.cue
    return tokens.lower[cue.verb_end : cue.span.end] if cue else []


def _must(words: list[str]) -> bool:
    """Whether something should be so: not that it must have been so."""
    near = words[:REACH]
    return any(
        (word in _DEMANDING and after not in {"have", "'ve", "’ve"}) or (word in _NEEDING and after == "to")
        for word, after in pairwise([*near, ""])
    )


def _to(words: list[str]) -> bool:
    """Whether somebody is to do something: "(the council) to close the bridge", no clause between."""
    for word in words[:RECIPIENT_WORDS]:
        if word == "to":
            return True
        if word in AUXILIARIES or word in _WHETHER or word == "that" or is_gap(word):
            return False
    return False


def _be(words: list[str]) -> bool:
    """Whether the clause has a subjunctive: "that the bridge be closed"."""
    near = words[:REACH]
    return any(
        word == "be" and before not in MODALS and before not in {"to", "not"} and not is_adverb(before)
        for before, word in pairwise(near)
    )


def _is_question(words: list[str]) -> bool:
    """Whether what is said is one question, and no more than that."""
    return [word for word in words if word in {".", "?", "!"}] == ["?"]


def _warns(words: list[str], after: list[str], _act: Act) -> Act:
    """To warn that one will strike back is a threat, to warn somebody off a demand; else it is news."""
    near = words[:REACH]
    if _CONSEQUENCES.intersection(near) or _OWN_WILL.intersection(pairwise(near)):
        return Act.THREATEN
    off = "against" in [*after, *near[:RECIPIENT_WORDS]] or ("not", "to") in set(pairwise(near)) or _to(words)
    return Act.DEMAND if off else Act.ASSERT


def _asks(words: list[str], after: list[str], _act: Act) -> Act:
    """To ask for something, or that it be done, is to demand it."""
    return Act.DEMAND if "for" in [*after, *words[:1]] or words[:1] == ["that"] or _to(words) else Act.ASK


def _questions(words: list[str], _after: list[str], act: Act) -> Act:
    """To question whether something is so is to ask, to question something is not."""
    return Act.ASK if _WHETHER.intersection(words[:1]) else act


def _denies(words: list[str], _after: list[str], act: Act) -> Act:
    """A request is denied otherwise than a report."""
    return Act.REJECT if _REQUESTS.intersection(words[:RECIPIENT_WORDS]) and words[:1] != ["that"] else act


def _outlines(words: list[str], _after: list[str], _act: Act) -> Act:
    """To lay out conditions is to make them."""
    return Act.DEMAND if _CONDITIONS.intersection(words[:RECIPIENT_WORDS]) else Act.ASSERT


def _agrees(words: list[str], after: list[str], act: Act) -> Act:
    """To agree to do something is to promise it."""
    return Act.PROMISE if "to" in [*after, *words[:1]] else act


def _tells(words: list[str], _after: list[str], act: Act) -> Act:
    """To tell somebody to do something is to demand it."""
    return Act.DEMAND if _to(words) or _must(words) else act


def _suggests(words: list[str], _after: list[str], act: Act) -> Act:
    """To suggest doing something is to propose it, to suggest that something is so is not."""
    return Act.PROPOSE if _must(words) or any(word.endswith("ing") for word in words[:1]) else act


_DECIDING: Final[tuple[tuple[frozenset[str], Callable[[list[str], list[str], Act], Act]], ...]] = (
    (frozenset({"warn", "warn of", "warn against", "caution"}), _warns),
    (frozenset({"ask"}), _asks),
    (frozenset({"question"}), _questions),
    (frozenset({"deny"}), _denies),
    (frozenset({"outline", "lay out", "set out"}), _outlines),
    (frozenset({"agree"}), _agrees),
    (frozenset({"tell"}), _tells),
    (frozenset({"suggest"}), _suggests),
)
