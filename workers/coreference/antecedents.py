"""Who is meant by a pronoun: a log-linear ranker over the persons of the article and "nobody that the article names".

Each candidate is described by features that a reader can follow (how far back, how often, of which gender, who
spoke); their weights, learned from a coreference corpus by ``workers.training.pronoun_ranker``, stand in
``antecedents.json``. The probability of a candidate is the softmax of its sum over all candidates (mention
ranking: Denis & Baldridge 2008; Durrett & Klein 2013).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from math import exp, log
from typing import Final

from workers.english.lexicon import listed

MALE: Final = frozenset({"he", "him", "his", "himself"})
FEMALE: Final = frozenset({"she", "her", "hers", "herself"})
PERSONAL: Final = MALE | FEMALE
WEIGHTS: Final = "antecedents.json"
# Sentences back beyond which it makes no difference how many.
FAR: Final = 6
# Mentions of one person beyond which it makes no difference how many.
OFTEN: Final = 6
# Tokens between a subject and an object that cannot be the same person: "Moyo met him".
CLAUSE: Final = 8
OBJECTS: Final = frozenset({"him", "her"})
POSSESSIVES: Final = frozenset({"his", "hers"})
REFLEXIVES: Final = frozenset({"himself", "herself"})
# Words after which "her" is an object; before any other it owns what follows.
_AFTER_OBJECT: Final = listed(
    "to in on at by for from with about as and or but that when while if because after before until into over "
    'is was were are has had will would the a an this out up down off back away of . , ; : ! ? ) ” "'
)

# What shows somebody's gender, the strongest first: a title or role beside the name, the given name, an earlier pronoun.
_EVIDENCE: Final = ("title", "role", "given", "called")

Features = dict[str, float]


@dataclass(slots=True)
class Candidate:
    """One person as known up to the pronoun; sentences are counted from the start of the article.

    ``genders`` maps a kind of evidence (title, role, given, called) to m or f. ``last`` is the token of the last mention
    and ``speech`` the quotation that it stands in, or -1; ``outside`` is the sentence of the last one in none.
    """

    key: int
    certain: bool  # whether the entity stage calls it a person
    full: bool  # whether the article gives more than one word of the name
    total: int  # times that the article names it
    share: float  # of all names of persons in the article
    genders: dict[str, str] = field(default_factory=dict)
    named: int = 0
    called: int = 0
    last: int = -1
    sentence: int = -1
    outside: int = -1
    paragraph: int = -1
    speech: int = -1
    first: int = -1
    subject: bool = False
    possessive: bool = False
    pronoun: bool = False

    def gender(self) -> str:
        """Return m, f or nothing, by the strongest evidence."""
        return next((self.genders[kind] for kind in _EVIDENCE if kind in self.genders), "")


@dataclass(frozen=True, slots=True)
class Question:
    """One pronoun and what stands around it.

    ``place`` is its token, ``clause`` the first of its clause, ``sentence`` and ``paragraph`` those that it is asked
    from, ``speech`` its quotation
    or -1. The rest are keys of entities, where known: who speaks the words around it, who spoke last, and whom the
    last pronoun of the same gender meant, with the sentence of that one.
    """

    place: int
    word: str
    after: str
    clause: int
    sentence: int
    paragraph: int
    speech: int
    leads: bool
    source: bool
    speaker: int | None = None
    spoke: int | None = None
    before: int | None = None
    before_sentence: int = -1
    unnamed: int = -1  # sentence of the last person of this gender spoken of without a name ("a woman"), or -1

    @property
    def gender(self) -> str:
        """Return m or f."""
        return "m" if self.word in MALE else "f"

    @property
    def role(self) -> str:
        """Return what the pronoun is in its clause: subject, object, owner or self."""
        if self.word in REFLEXIVES:
            return "self"
        if self.word in POSSESSIVES or (self.word == "her" and self.after not in _AFTER_OBJECT):
            return "owner"
        return "object" if self.word in OBJECTS else "subject"


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidates for the pronoun at token ``place``: keys and names of their entities, and features.

    Nobody is one of them, with null for a key and no name.
    """

    place: int
    keys: list[int | None]
    names: list[str]
    described: list[Features]


def describe(asked: Question, one: Candidate, rank: int, following: int, *, leader: bool) -> Features:  # noqa: C901  # one branch for each feature
    """Return the features of candidate ``one``.

    ``rank`` counts the candidates of a fitting gender spoken of more recently; ``following`` is the token of its
    next name, if that stands between the asking and the end of the sentence, or -1; ``leader`` says whether nobody
    has been spoken of as often so far.
    """
    gender, role = asked.gender, asked.role
    found: Features = {}
    for kind in _EVIDENCE:
        if kind in one.genders:
            found[f"{kind} {'fits' if one.genders[kind] == gender else 'differs'}"] = 1.0
    if not one.genders:
        found["gender unknown"] = 1.0
    if not one.certain:
        found["no person"] = 1.0
    if not one.full:
        found["one word"] = 1.0
    found["share"] = one.share
    found["named"] = log(1 + one.total)
    if leader:
        found["leader"] = 1.0
    if following >= 0:
        found["own words" if following < asked.place else "comes later"] = 1.0
    if one.last < 0:
        found["not yet"] = 1.0
    else:
        found |= _recency(asked, one, rank, role)
    found |= _conversation(asked, one)
    if one.key == asked.before:
        distance = min(asked.sentence - asked.before_sentence, 3)
        found[f"before {max(distance, 0)}"] = 1.0
        found[f"before {role}"] = 1.0
    elif asked.before is not None:
        found["before other"] = 1.0 / (1 + max(0, asked.sentence - asked.before_sentence))
    return found


def _recency(asked: Question, one: Candidate, rank: int, role: str) -> Features:  # noqa: C901, PLR0912  # as above
    distance = max(0, asked.sentence - one.sentence)
    found: Features = {
        f"sentences {min(distance, 3)}": 1.0,
        "distance": min(distance, FAR) / FAR,
        f"rank {min(rank, 3)}": 1.0,
        "spoken of": log(1 + min(one.named + one.called, OFTEN)),
    }
    if one.subject:
        found[f"subject {min(distance, 2)}"] = 1.0
        if asked.leads:
            found["subject to subject"] = 1.0
    if one.possessive:
        found["owner before"] = 1.0
    if one.pronoun:
        found["pronoun before"] = 1.0
    if one.paragraph == asked.paragraph:
        found["paragraph"] = 1.0
    if distance == 0:
        found[f"same sentence {role}"] = 1.0
        if role == "object" and one.subject and asked.place - one.last < CLAUSE:
            found["subject of own object"] = 1.0
        if one.last >= asked.clause:
            found[f"same clause {role}"] = 1.0
        if role in {"owner", "self"} and asked.place - one.last < CLAUSE:
            found["near owner"] = 1.0
    if one.first <= 1:
        found["opening"] = 1.0
    if one.speech >= 0 and asked.speech < 0:
        found["quoted"] = 1.0
    if one.speech >= 0 and one.speech == asked.speech:
        found["same quotation"] = 1.0
    if one.outside < 0:
        found["only quoted"] = 1.0
    return found


def _conversation(asked: Question, one: Candidate) -> Features:
    found: Features = {}
    if asked.speaker == one.key:
        found["own quotation" if asked.speech >= 0 else "own statement"] = 1.0
    if asked.spoke == one.key:
        found["spoke last, speaks" if asked.source else "spoke last"] = 1.0
        if asked.source and one.outside >= asked.sentence - 1:
            found["spoke just now, speaks"] = 1.0
    return found


def describe_nobody(asked: Question, candidates: list[Candidate]) -> Features:
    """Return the features of the answer that the article does not name whom the pronoun means."""
    fitting = [one for one in candidates if one.gender() in {"", asked.gender}]
    latest = max((one.sentence for one in fitting), default=-1)
    found: Features = {"nobody": 1.0}
    if not fitting:
        found["nobody fits"] = 1.0
    elif all(one.last < 0 for one in fitting):
        found["nobody yet"] = 1.0
    if not any(one.gender() == asked.gender for one in fitting):
        found["nobody known to fit"] = 1.0
    if asked.unnamed >= 0 and asked.sentence - asked.unnamed <= 1:
        found["somebody unnamed"] = 1.0
        if asked.unnamed > latest:
            found["somebody unnamed is nearer"] = 1.0
    if asked.before is None and asked.before_sentence >= 0:
        found["nobody before"] = 1.0
        if asked.sentence - asked.before_sentence <= 1:
            found["nobody just before"] = 1.0
    elif asked.before is not None:
        found["somebody before"] = 1.0 / (1 + max(0, asked.sentence - asked.before_sentence))
    if asked.speech >= 0:
        found["nobody in quotation"] = 1.0
    return found


class Ranker:
    """The weights of the features, and the least probability with which an answer is given."""

    def __init__(self, weights: Features, threshold: float) -> None:
        """Take the weights; a feature without one counts nothing."""
        self.weights = weights
        self.threshold = threshold

    @classmethod
    def shipped(cls) -> Ranker:
        """Read the weights of the package."""
        held = json.loads(files("workers.coreference").joinpath(WEIGHTS).read_text("utf-8"))
        return cls(held["weights"], held["threshold"])

    def probabilities(self, described: list[Features]) -> list[float]:
        """Return the probability of each candidate, in order; they sum to one."""
        weight = self.weights.get
        sums = [sum(weight(name, 0.0) * value for name, value in features.items()) for features in described]
        top = max(sums)
        raised = [exp(value - top) for value in sums]
        total = sum(raised)
        return [value / total for value in raised]

    def choose(self, choice: Choice) -> int | None:
        """Return the most probable candidate; null if that is nobody, or less probable than the threshold."""
        probabilities = self.probabilities(choice.described)
        best = max(range(len(choice.keys)), key=probabilities.__getitem__)
        return choice.keys[best] if probabilities[best] >= self.threshold else None
