"""Antecedents of pronouns: a log-linear ranker over the persons of an article and "none of them".

Features describe each candidate in terms that a reader can follow: distance, frequency, gender, who spoke. Their
weights are in ``antecedents.json``; ``workers.training.pronoun_ranker`` learns them from a coreference corpus. The
probability of a candidate is the softmax of its weighted features over all candidates (mention ranking: Denis &
Baldridge 2008; Durrett & Klein 2013).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from math import exp, log
from typing import Final

from workers.english.lexicon import word_set

MALE: Final = frozenset({"he", "him", "his", "himself"})
FEMALE: Final = frozenset({"she", "her", "hers", "herself"})
PERSONAL: Final = MALE | FEMALE
WEIGHTS: Final = "antecedents.json"
# Larger distances in sentences count as this one.
MAX_SENTENCES: Final = 6
# More mentions of one person count as this many.
MAX_MENTIONS: Final = 6
# Between a subject and an object that cannot be the same person: "Moyo met him".
MAX_CLAUSE_TOKENS: Final = 8
OBJECTS: Final = frozenset({"him", "her"})
POSSESSIVES: Final = frozenset({"his", "hers"})
REFLEXIVES: Final = frozenset({"himself", "herself"})
# Before these "her" is an object; before any other word it is possessive.
_WORDS_AFTER_OBJECT: Final = word_set(
    "to in on at by for from with about as and or but that when while if because after before until into over "
    'is was were are has had will would the a an this out up down off back away of . , ; : ! ? ) ” "'
)

# Evidence of gender, the strongest first: a title or role with the name, the given name, an earlier pronoun.
_GENDER_EVIDENCE: Final = ("title", "role", "given", "called")

Features = dict[str, float]


@dataclass(slots=True)
class Candidate:
    """A person as known up to a pronoun. Sentences and paragraphs are counted from the start of the article.

    ``is_person``: the entity component calls it a person. ``is_full_name``: the article gives more than one word of
    the name. ``name_count`` is how often the article names the person, ``name_share`` the share of that in all names of
    persons. ``gender_evidence`` maps a kind of evidence (title, role, given, called) to m or f. ``names_so_far`` and
    ``pronouns_so_far`` count the mentions before the pronoun. The ``last_`` fields describe the last mention: token,
    sentence, paragraph, quotation and form. ``last_unquoted_sentence`` is the sentence of the last mention outside
    quotations, ``first_sentence`` that of the first mention. -1 stands for none.
    """

    key: int
    is_person: bool
    is_full_name: bool
    name_count: int
    name_share: float
    gender_evidence: dict[str, str] = field(default_factory=dict)
    names_so_far: int = 0
    pronouns_so_far: int = 0
    last_token: int = -1
    last_sentence: int = -1
    last_unquoted_sentence: int = -1
    last_paragraph: int = -1
    last_quotation: int = -1
    first_sentence: int = -1
    last_is_subject: bool = False
    last_is_possessive: bool = False
    last_is_pronoun: bool = False

    @property
    def mentions_so_far(self) -> int:
        """Return the number of mentions before the pronoun."""
        return self.names_so_far + self.pronouns_so_far

    def gender(self) -> str:
        """Return m or f by the strongest evidence, or an empty string."""
        return next((self.gender_evidence[kind] for kind in _GENDER_EVIDENCE if kind in self.gender_evidence), "")


@dataclass(frozen=True, slots=True)
class Anaphor:
    """A pronoun and its context.

    ``token`` is the pronoun, ``clause_start`` the first token of its clause, ``quotation`` that around it or -1.
    ``sentence`` and ``paragraph`` are those where candidates are counted: those of the pronoun, or of the content if
    the pronoun is the source of a content before it. ``opens_sentence``: no other person is mentioned before it in its
    sentence. ``is_source``: it is the source of an attribution.

    Keys of entities, where known: ``enclosing_speaker`` speaks the words around the pronoun, ``last_speaker`` spoke
    last, ``previous_antecedent`` is that of the previous pronoun of the same gender, in ``previous_sentence``.
    ``unnamed_sentence`` is the sentence of the last unnamed person of the gender ("a woman"), or -1.
    """

    token: int
    word: str
    next_word: str
    clause_start: int
    sentence: int
    paragraph: int
    quotation: int
    opens_sentence: bool
    is_source: bool
    enclosing_speaker: int | None = None
    last_speaker: int | None = None
    previous_antecedent: int | None = None
    previous_sentence: int = -1
    unnamed_sentence: int = -1

    @property
    def gender(self) -> str:
        """Return m or f."""
        return "m" if self.word in MALE else "f"

    @property
    def role(self) -> str:
        """Return the syntactic role of the pronoun: subject, object, owner (possessive) or self (reflexive)."""
        if self.word in REFLEXIVES:
            return "self"
        if self.word in POSSESSIVES or (self.word == "her" and self.next_word not in _WORDS_AFTER_OBJECT):
            return "owner"
        return "object" if self.word in OBJECTS else "subject"


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """The candidates for the antecedent of the pronoun at ``token``: keys and names of their entities, and features.

    One candidate stands for a person whom the article does not name; its key is None and its name empty.
    """

    token: int
    keys: list[int | None]
    names: list[str]
    features: list[Features]


def candidate_features(  # noqa: C901  # one branch for each feature
    anaphor: Anaphor, candidate: Candidate, rank: int, next_name: int, *, is_most_mentioned: bool
) -> Features:
    """Return the features of a candidate for the antecedent of ``anaphor``.

    ``rank`` counts the candidates of a matching gender that were mentioned more recently. ``next_name`` is the
    candidate's next name before the pronoun or in its sentence, or -1: the position where candidates are counted may
    come before the pronoun. ``is_most_mentioned``: no other candidate has been mentioned more often so far.
    """
    gender, role = anaphor.gender, anaphor.role
    features: Features = {}
    for kind in _GENDER_EVIDENCE:
        if kind in candidate.gender_evidence:
            features[f"{kind} {'fits' if candidate.gender_evidence[kind] == gender else 'differs'}"] = 1.0
    if not candidate.gender_evidence:
        features["gender unknown"] = 1.0
    if not candidate.is_person:
        features["no person"] = 1.0
    if not candidate.is_full_name:
        features["one word"] = 1.0
    features["share"] = candidate.name_share
    features["named"] = log(1 + candidate.name_count)
    if is_most_mentioned:
        features["leader"] = 1.0
    if next_name >= 0:
        features["own words" if next_name < anaphor.token else "comes later"] = 1.0
    if candidate.last_token < 0:
        features["not yet"] = 1.0
    else:
        features |= _recency(anaphor, candidate, rank, role)
    features |= _conversation(anaphor, candidate)
    if candidate.key == anaphor.previous_antecedent:
        distance = min(anaphor.sentence - anaphor.previous_sentence, 3)
        features[f"before {max(distance, 0)}"] = 1.0
        features[f"before {role}"] = 1.0
    elif anaphor.previous_antecedent is not None:
        features["before other"] = 1.0 / (1 + max(0, anaphor.sentence - anaphor.previous_sentence))
    return features


def _recency(anaphor: Anaphor, candidate: Candidate, rank: int, role: str) -> Features:  # noqa: C901, PLR0912  # as above
    """Return the features of the candidate's last mention."""
    distance = max(0, anaphor.sentence - candidate.last_sentence)
    features: Features = {
        f"sentences {min(distance, 3)}": 1.0,
        "distance": min(distance, MAX_SENTENCES) / MAX_SENTENCES,
        f"rank {min(rank, 3)}": 1.0,
        "spoken of": log(1 + min(candidate.mentions_so_far, MAX_MENTIONS)),
    }
    if candidate.last_is_subject:
        features[f"subject {min(distance, 2)}"] = 1.0
        if anaphor.opens_sentence:
            features["subject to subject"] = 1.0
    if candidate.last_is_possessive:
        features["owner before"] = 1.0
    if candidate.last_is_pronoun:
        features["pronoun before"] = 1.0
    if candidate.last_paragraph == anaphor.paragraph:
        features["paragraph"] = 1.0
    if distance == 0:
        features[f"same sentence {role}"] = 1.0
        if role == "object" and candidate.last_is_subject and anaphor.token - candidate.last_token < MAX_CLAUSE_TOKENS:
            features["subject of own object"] = 1.0
        if candidate.last_token >= anaphor.clause_start:
            features[f"same clause {role}"] = 1.0
        if role in {"owner", "self"} and anaphor.token - candidate.last_token < MAX_CLAUSE_TOKENS:
            features["near owner"] = 1.0
    if candidate.first_sentence <= 1:
        features["opening"] = 1.0
    if candidate.last_quotation >= 0 and anaphor.quotation < 0:
        features["quoted"] = 1.0
    if candidate.last_quotation >= 0 and candidate.last_quotation == anaphor.quotation:
        features["same quotation"] = 1.0
    if candidate.last_unquoted_sentence < 0:
        features["only quoted"] = 1.0
    return features


def _conversation(anaphor: Anaphor, candidate: Candidate) -> Features:
    """Return the features of who speaks."""
    features: Features = {}
    if anaphor.enclosing_speaker == candidate.key:
        features["own quotation" if anaphor.quotation >= 0 else "own statement"] = 1.0
    if anaphor.last_speaker == candidate.key:
        features["spoke last, speaks" if anaphor.is_source else "spoke last"] = 1.0
        if anaphor.is_source and candidate.last_unquoted_sentence >= anaphor.sentence - 1:
            features["spoke just now, speaks"] = 1.0
    return features


def no_antecedent_features(anaphor: Anaphor, candidates: list[Candidate]) -> Features:
    """Return the features of the answer that the article does not name the person."""
    matching = [candidate for candidate in candidates if candidate.gender() in {"", anaphor.gender}]
    latest = max((candidate.last_sentence for candidate in matching), default=-1)
    features: Features = {"nobody": 1.0}
    if not matching:
        features["nobody fits"] = 1.0
    elif all(candidate.last_token < 0 for candidate in matching):
        features["nobody yet"] = 1.0
    if not any(candidate.gender() == anaphor.gender for candidate in matching):
        features["nobody known to fit"] = 1.0
    if anaphor.unnamed_sentence >= 0 and anaphor.sentence - anaphor.unnamed_sentence <= 1:
        features["somebody unnamed"] = 1.0
        if anaphor.unnamed_sentence > latest:
            features["somebody unnamed is nearer"] = 1.0
    if anaphor.previous_antecedent is None and anaphor.previous_sentence >= 0:
        features["nobody before"] = 1.0
        if anaphor.sentence - anaphor.previous_sentence <= 1:
            features["nobody just before"] = 1.0
    elif anaphor.previous_antecedent is not None:
        features["somebody before"] = 1.0 / (1 + max(0, anaphor.sentence - anaphor.previous_sentence))
    if anaphor.quotation >= 0:
        features["nobody in quotation"] = 1.0
    return features


class AntecedentRanker:
    """The weights of the features, and the lowest probability at which an antecedent is given."""

    def __init__(self, weights: Features, threshold: float) -> None:
        """Keep the weights; a feature without a weight counts as 0."""
        self.weights = weights
        self.threshold = threshold

    @classmethod
    def load(cls) -> AntecedentRanker:
        """Read the weights that come with the package."""
        data = json.loads(files("workers.coreference").joinpath(WEIGHTS).read_text("utf-8"))
        return cls(data["weights"], data["threshold"])

    def probabilities(self, features: list[Features]) -> list[float]:
        """Return the probability of each candidate, in order; the sum is 1."""
        weight = self.weights.get
        scores = [sum(weight(name, 0.0) * value for name, value in candidate.items()) for candidate in features]
        highest = max(scores)
        exponentials = [exp(value - highest) for value in scores]
        total = sum(exponentials)
        return [value / total for value in exponentials]

    def choose(self, candidates: CandidateSet) -> int | None:
        """Return the key of the most probable candidate; None if that is "none" or less probable than the threshold."""
        probabilities = self.probabilities(candidates.features)
        best = max(range(len(candidates.keys)), key=probabilities.__getitem__)
        return candidates.keys[best] if probabilities[best] >= self.threshold else None
