"""The score of an attribution in results: the probability that its content and its speaker are right.

The score under which an attribution was found speaks of words alone. A logistic regression adds how the speaker was
found: named in the source, or referred to by a pronoun or a description, with the probability of the antecedent and its
lead over the second. The weights are fitted on the annotated articles (``workers.training.attribution_scores``), one
set for each pipeline.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from services.contracts import EntityType, MentionForm
from workers.attribution.scores import REPORTING
from workers.coreference.descriptions import description_span
from workers.coreference.mentions import PRONOUNS, Anaphor
from workers.english.phrases import DETERMINERS
from workers.model.confidence import probability

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from workers.coreference.resolution import Distribution
    from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
    from workers.doc.tokens import Tokens

WEIGHTS_FILE: Final = "attribution_scores.json"
BIAS: Final = "bias"
_MODEL_RULE, _RUN_ON = "model", "run_on"
# Rules that attribute speech by the layout of the page; all others read a cue.
_LAYOUTS: Final = frozenset({"turn", "beat", "label", "signed"})
_RELATIVE: Final = frozenset({"who", "which"})
_HE_OR_SHE: Final = frozenset({Anaphor.HE, Anaphor.SHE})
_MAX_SENTENCES: Final = 10  # from a pronoun back to the name; further ones count as this
_MAX_CLOSING: Final = 3  # tokens after the content that may close its sentence: marks and a line break
_MIN_PROBABILITY: Final = 0.01  # before taking logits

Features = dict[str, float]


class Evidence(NamedTuple):
    """The evidence for the entity of a pronoun or a description.

    ``best`` and ``second`` are the highest probabilities of its entities; ``stated`` says that the article itself gives
    the entity of a description.
    """

    anaphor: Anaphor
    best: float
    second: float
    stated: bool

    @classmethod
    def of(cls, anaphor: Anaphor, distribution: Distribution, *, stated: bool) -> Self:
        """Read the two highest probabilities of a distribution over entities."""
        best, second = sorted((*distribution.values(), 0.0, 0.0), reverse=True)[:2]
        return cls(anaphor, best, second, stated)


@dataclass(frozen=True, slots=True)
class Speech:
    """All that an article's speakers were read from.

    ``named`` are the sources that contain the name of their entity. ``names`` are the first tokens of the names of each
    entity in text order, ``mentions`` the number of its mentions, ``evidence`` is that of pronouns and descriptions by
    their spans.
    """

    tokens: Tokens
    entities: Sequence[EntityRecord]
    named: Container[TokenSpan]
    name_spans: frozenset[TokenSpan]
    names: Mapping[int, Sequence[int]]
    mentions: Mapping[int, int]
    evidence: Mapping[TokenSpan, Evidence]

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        entities: Sequence[EntityRecord],
        named: Container[TokenSpan],
        mentions: Iterable[tuple[TokenSpan, int, MentionForm]],
        evidence: Mapping[TokenSpan, Evidence],
    ) -> Self:
        """Collect the names among mentions, which are spans with the key of the entity and the form."""
        name_spans, names, counts = set(), defaultdict(list), Counter[int]()
        for span, key, form in sorted(mentions):
            counts[key] += 1
            if form is MentionForm.NAME:
                name_spans.add(span)
                names[key].append(span.start)
        return cls(tokens, entities, named, frozenset(name_spans), names, counts, evidence)

    def evidence_of(self, source: TokenSpan) -> Evidence | None:
        """Return the evidence of the pronoun or the description that a source is; none if it contains a name."""
        if source in self.named:
            return None
        return self.evidence.get(source) or self.evidence.get(description_span(self.tokens, source))


def set_result_scores(speech: Speech, attributions: Sequence[AttributionRecord], *, vectors: bool) -> None:
    """Set ``result_score`` of attributions with speakers; ``vectors`` says that the encoder has read the article."""
    weights = packaged_scores()["trained" if vectors else "rules"]
    persons = sum(entity.type is EntityType.PERSON for entity in speech.entities)
    for attribution in attributions:
        attribution.speaker_features = attribution_features(speech, attribution, persons)
        attribution.result_score = weighted_probability(attribution.speaker_features, weights)


def weighted_probability(features: Features, weights: Mapping[str, float]) -> float:
    """Return the logistic function of the weighted features and the bias; features without a weight do not count."""
    known = [name for name in features if name in weights]
    return probability([1.0, *(features[name] for name in known)], [weights[BIAS], *(weights[name] for name in known)])


def attribution_features(speech: Speech, attribution: AttributionRecord, persons: int) -> Features:
    """Return the features of an attribution by name; ``persons`` is the number of persons in the article."""
    features = _words_features(speech.tokens, attribution)
    features["persons"] = math.log1p(persons)
    source, speaker = attribution.source, attribution.speaker
    if source is None:
        features["no source"] = 1.0
        return features
    features["words of the source"] = math.log(source.end - source.start)
    evidence = speech.evidence_of(source)
    if speaker is None:
        features[f"no speaker, {_kind_of_source(speech.tokens, source)}"] = 1.0
        features["no speaker, likeliest"] = evidence.best if evidence else 0.0
        return features
    entity = speech.entities[speaker]
    features[f"speaker, {entity.type.value}"] = 1.0
    features["speaker's score"] = _logit(entity.score)
    features["speaker's mentions"] = math.log1p(speech.mentions.get(speaker, 0))
    if evidence is None:
        features[_kind_of_name(speech, source)] = 1.0
        return features
    features |= _evidence_features(evidence)
    distance = _sentences_between(speech.tokens, speech.names.get(speaker, ()), source.start)
    features["sentences to the name"] = math.log1p(distance)
    return features


def _words_features(tokens: Tokens, attribution: AttributionRecord) -> Features:
    """Return what can be said without the speaker: the score of the words, how they were found, and their bounds."""
    first, last = attribution.content[0].start, attribution.content[-1].end
    cue, source = attribution.cue, attribution.source
    features = {
        "score of the words": _logit(attribution.score),
        f"kind, {attribution.kind.value}": 1.0,
        "several parts": float(len(attribution.content) > 1),
        "words of the content": math.log(sum(part.end - part.start for part in attribution.content)),
        "begins a sentence": float(tokens.sentence_start[first] == first),
        "ends a sentence": float(_ends_sentence(tokens, last)),
    }
    if attribution.rule == _RUN_ON:
        features["quotation that goes on"] = 1.0
    elif attribution.rule != _MODEL_RULE:
        features["by layout" if attribution.rule in _LAYOUTS else "by rule"] = 1.0
    elif attribution.features:
        features["confirmed by a rule"] = attribution.features[-1]
    if cue is not None:
        is_known = cue.form != _MODEL_RULE
        features["reporting verb" if cue.lemma in REPORTING else "other verb" if is_known else "unknown cue"] = 1.0
    if source is not None:
        features["source first"] = float(source.start < first)
        features["source in another sentence"] = float(
            tokens.sentence_start[source.start] not in {tokens.sentence_start[first], tokens.sentence_start[last - 1]}
        )
    return features


def _ends_sentence(tokens: Tokens, end: int) -> bool:
    """Return whether nothing but marks is between token ``end`` and the end of the sentence before it."""
    sentence_end = tokens.sentence_end[end - 1]
    rest = tokens.words[end : min(sentence_end, end + _MAX_CLOSING)]
    return sentence_end - end <= _MAX_CLOSING and not any(word[0].isalnum() for word in rest)


def _evidence_features(evidence: Evidence) -> Features:
    if evidence.stated:
        return {"description that the article explains": 1.0}
    if evidence.anaphor is Anaphor.DESCRIPTION:
        how = "description"
    else:
        how = "he or she" if evidence.anaphor in _HE_OR_SHE else "other pronoun"
    return {
        how: 1.0,
        f"{how}, probability": _logit(evidence.best),
        "lead over the second": evidence.best - evidence.second,
    }


def _kind_of_name(speech: Speech, source: TokenSpan) -> str:
    """Return how a source names its speaker: by a name alone, by "who" after the name, or with other words."""
    if source in speech.name_spans:
        return "name alone"
    return "relative pronoun" if speech.tokens.lower[source.start] in _RELATIVE else "name with other words"


def _kind_of_source(tokens: Tokens, source: TokenSpan) -> str:
    """Return what a source without an entity looks like: a pronoun, a name, a definite description or other words."""
    if source.end - source.start == 1 and tokens.lower[source.start] in PRONOUNS:
        return "pronoun"
    if any(word[0].isupper() for word in tokens.words[source.start + 1 : source.end]):
        return "name"
    return "definite" if tokens.lower[source.start] in DETERMINERS - {"a", "an"} else "other"


def _sentences_between(tokens: Tokens, names: Sequence[int], i: int) -> int:
    """Return how many sentences back from token ``i`` the last name before it is, at most ``_MAX_SENTENCES``.

    Returns 0 if no name is before it. ``names`` are first tokens in text order.
    """
    k = bisect_left(names, i)
    count, start = 0, tokens.sentence_start[i]
    while k and start > names[k - 1] and count < _MAX_SENTENCES:
        count, start = count + 1, tokens.sentence_start[start - 1]
    return count


def _logit(value: float) -> float:
    bounded = min(1 - _MIN_PROBABILITY, max(_MIN_PROBABILITY, value))
    return math.log(bounded / (1 - bounded))


@cache
def packaged_scores() -> dict[str, dict[str, float]]:
    """Return the packaged weights by feature, for the pipelines "trained" and "rules"; read once per process."""
    weights: dict[str, dict[str, float]] = json.loads(files(__package__).joinpath(WEIGHTS_FILE).read_text("utf-8"))
    return weights
