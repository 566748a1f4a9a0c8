"""Acts decided by the content, for verbs that perform several acts: "asked for help", "asked whether it would rain"."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.contracts import Act
from workers.english.lexicon import word_set
from workers.english.phrases import AUXILIARIES, MODALS, is_adverb, is_phrase_boundary
from workers.segmentation.quotations import MARKS

if TYPE_CHECKING:
    from workers.doc.records import AttributionRecord
    from workers.doc.tokens import Tokens

# "should" later in the content mostly belongs to a relative clause.
MAX_DEMAND_DISTANCE: Final = 25
# Between the cue and the infinitive: "told | the council of the old town | to".
RECIPIENT_WORDS: Final = 8
_OBLIGATION_MODALS: Final = word_set("should must ought")
_NEED_VERBS: Final = word_set("need needs")
_QUESTION_WORDS: Final = word_set("whether if why how what who when where")
_PLAIN_VERBS: Final = word_set("say add write reply respond continue note tweet :")
_CONSEQUENCES: Final = word_set(
    "consequences punish punished punishment repercussions reprisals retaliate retaliation revenge"
)
_OWN_INTENTIONS: Final = frozenset(
    (subject, modal) for subject in ("we", "i") for modal in ("will", "would", "shall", "'ll", "’ll")
)
_CONDITIONS: Final = word_set("condition conditions demand demands requirements terms ultimatum")
_REQUESTS: Final = word_set(
    "access appeal application applications bail entry motion parole permission permit petition request requests "
    "visa visas"
)


def act_from_content(tokens: Tokens, attribution: AttributionRecord, act: Act, lemma: str) -> Act:
    """Return the act of an attribution, given the ``act`` of its cue alone.

    ``lemma`` is the cue's, or a colon if the layout attributes.
    """
    words = _content_words(tokens, attribution)
    for lemmas, rule in _RULES_BY_LEMMA:
        if lemma in lemmas:
            return rule(words, _particles(tokens, attribution), act)
    if act is not Act.ASSERT:
        return act
    if lemma in _PLAIN_VERBS and _is_question(words):
        return Act.ASK
    if _has_obligation(words) or (lemma == "insist" and _has_subjunctive(words)):
        return Act.DEMAND
    return act


def _content_words(tokens: Tokens, attribution: AttributionRecord) -> list[str]:
    """Return the words of the content in lower case, without opening marks."""
    start, end = attribution.content[0]
    while start < end and (tokens.words[start] in MARKS or is_phrase_boundary(tokens.lower[start])):
        start += 1
    return tokens.lower[start:end]


def _particles(tokens: Tokens, attribution: AttributionRecord) -> list[str]:
    """Return the words of the cue after its verb."""
    cue = attribution.cue
    return tokens.lower[cue.verb_end : cue.span.end] if cue else []


def _has_obligation(words: list[str]) -> bool:
    """Return whether something should be done; "must have been" is not an obligation."""
    opening = words[:MAX_DEMAND_DISTANCE]
    return any(
        (word in _OBLIGATION_MODALS and following not in {"have", "'ve", "’ve"})
        or (word in _NEED_VERBS and following == "to")
        for word, following in pairwise([*opening, ""])
    )


def _has_infinitive(words: list[str]) -> bool:
    """Return whether the content is a recipient and an infinitive: "(the council) to close the bridge"."""
    for word in words[:RECIPIENT_WORDS]:
        if word == "to":
            return True
        if word in AUXILIARIES or word in _QUESTION_WORDS or word == "that" or is_phrase_boundary(word):
            return False
    return False


def _has_subjunctive(words: list[str]) -> bool:
    """Return whether the clause has a subjunctive: "that the bridge be closed"."""
    opening = words[:MAX_DEMAND_DISTANCE]
    return any(
        word == "be" and before not in MODALS and before not in {"to", "not"} and not is_adverb(before)
        for before, word in pairwise(opening)
    )


def _is_question(words: list[str]) -> bool:
    """Return whether the content is a single question."""
    return [word for word in words if word in {".", "?", "!"}] == ["?"]


def _act_of_warn(words: list[str], particles: list[str], _act: Act) -> Act:
    """Return THREATEN for threatening retaliation, DEMAND for warning against doing something, else ASSERT."""
    opening = words[:MAX_DEMAND_DISTANCE]
    if _CONSEQUENCES.intersection(opening) or _OWN_INTENTIONS.intersection(pairwise(opening)):
        return Act.THREATEN
    is_demand = (
        "against" in [*particles, *opening[:RECIPIENT_WORDS]]
        or ("not", "to") in set(pairwise(opening))
        or _has_infinitive(words)
    )
    return Act.DEMAND if is_demand else Act.ASSERT


def _act_of_ask(words: list[str], particles: list[str], _act: Act) -> Act:
    """Return DEMAND for asking for something or that it be done, else ASK."""
    return (
        Act.DEMAND if "for" in [*particles, *words[:1]] or words[:1] == ["that"] or _has_infinitive(words) else Act.ASK
    )


def _act_of_question(words: list[str], _particles: list[str], act: Act) -> Act:
    """Return ASK for questioning whether something is so; questioning a thing keeps the act of the cue."""
    return Act.ASK if _QUESTION_WORDS.intersection(words[:1]) else act


def _act_of_deny(words: list[str], _particles: list[str], act: Act) -> Act:
    """Return REJECT for denying a request; denying a report keeps the act of the cue."""
    return Act.REJECT if _REQUESTS.intersection(words[:RECIPIENT_WORDS]) and words[:1] != ["that"] else act


def _act_of_outline(words: list[str], _particles: list[str], _act: Act) -> Act:
    """Return DEMAND for laying out conditions, else ASSERT."""
    return Act.DEMAND if _CONDITIONS.intersection(words[:RECIPIENT_WORDS]) else Act.ASSERT


def _act_of_agree(words: list[str], particles: list[str], act: Act) -> Act:
    """Return PROMISE for agreeing to do something; other agreement keeps the act of the cue."""
    return Act.PROMISE if "to" in [*particles, *words[:1]] else act


def _act_of_tell(words: list[str], _particles: list[str], act: Act) -> Act:
    """Return DEMAND for telling somebody to do something; other telling keeps the act of the cue."""
    return Act.DEMAND if _has_infinitive(words) or _has_obligation(words) else act


def _act_of_suggest(words: list[str], _particles: list[str], act: Act) -> Act:
    """Return PROPOSE for suggesting to do something; suggesting that something is so keeps the act of the cue."""
    return Act.PROPOSE if _has_obligation(words) or any(word.endswith("ing") for word in words[:1]) else act


_RULES_BY_LEMMA: Final[tuple[tuple[frozenset[str], Callable[[list[str], list[str], Act], Act]], ...]] = (
    (frozenset({"warn", "warn of", "warn against", "caution"}), _act_of_warn),
    (frozenset({"ask"}), _act_of_ask),
    (frozenset({"question"}), _act_of_question),
    (frozenset({"deny"}), _act_of_deny),
    (frozenset({"outline", "lay out", "set out"}), _act_of_outline),
    (frozenset({"agree"}), _act_of_agree),
    (frozenset({"tell"}), _act_of_tell),
    (frozenset({"suggest"}), _act_of_suggest),
)
