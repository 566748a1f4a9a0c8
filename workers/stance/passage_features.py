"""Features of the parties of a possible stance, and of the passage that shows it best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from services.contracts import StanceLabel
from services.contracts.acts import ACT_RECORDS
from workers.english.lexicon import act_forms, word_set
from workers.english.phrases import (
    AUXILIARIES,
    DETERMINERS,
    POSSESSIVES,
    PREPOSITIONS,
    SUBJECT_PRONOUNS,
    SUBORDINATORS,
    is_adverb,
)
from workers.stance import polarity
from workers.stance.relations import read_words_between
from workers.stance.verb_between import is_possessive

if TYPE_CHECKING:
    from workers.doc.tokens import Tokens
    from workers.stance.readings import Reading
    from workers.stance.stance_context import ParticipantMention, StanceContext

Features = dict[str, float]

_OPPOSITE: Final = {StanceLabel.SUPPORT: StanceLabel.OPPOSE, StanceLabel.OPPOSE: StanceLabel.SUPPORT}
_MAX_WORDS: Final = 80  # of a passage, searched for words
# Words of news in which harm shows no stance, and of requests, which are addressed to somebody and against nobody.
_COURT: Final = word_set(
    "arrest arrested arrests charged charges court judge trial sentenced sentence jail jailed prison convicted guilty "
    "police detained custody prosecutors prosecutor jury verdict appeal bail murder killed died death injured shot "
    "crash accident victim victims suspect"
)
_SPORT: Final = word_set(
    "beat beats defeat defeated match game games goal goals season league cup team player players coach final score "
    "scored win wins won club championship tournament olympic inning innings points title"
)
_REQUESTS: Final = word_set("urged urges urge called calls asked asks appealed appeals request requested demanded told")
_ADDRESSED: Final = word_set(
    "urged urges urging urge called calls calling asked asks asking told tells telling appealed advised warned invited "
    "pressed begged encouraged ordered wants wanted reminded"
)
_DOUBTS: Final = word_set("if would could might whether unless should may wants hopes hoped likely ?")
_NEGATIONS: Final = word_set("not never n't no nor neither without don't doesn't didn't won't refused declined")
_FUNCTION_WORDS: Final = (
    PREPOSITIONS | SUBORDINATORS | AUXILIARIES | DETERMINERS | SUBJECT_PRONOUNS | POSSESSIVES
) | word_set("and to not him them me us")
_REPORTS: Final = word_set("report reported reports reporting according interview told asked magazine newspaper news")
_NEAR: Final = 8  # words on each side of a target, searched for praise and blame


class PassageFeatures:
    """Features of pairs and passages that depend on the whole article."""

    def __init__(self, context: StanceContext, tokens: Tokens) -> None:
        """Count the mentions and words of the article once."""
        self.context = context
        self.tokens = tokens
        self.count: dict[int, int] = {}
        self.first: dict[int, int] = {}
        self.named: set[int] = set()
        for index, mentions in enumerate(context.mentions):
            for mention in mentions:
                self.count[mention.key] = self.count.get(mention.key, 0) + 1
                self.first.setdefault(mention.key, index)
                if mention.is_name:
                    self.named.add(mention.key)
        self.shortness = 1 / max(1, len(context.sentences))
        self.words = {
            name: sum(word in words for word in tokens.lower) / max(1, len(tokens)) * 100
            for name, words in (("court", _COURT), ("sport", _SPORT))
        }

    def of_pair(self, holder: int | None, target: int) -> Features:
        """Return what is known about the two parties."""
        entities, features = self.context.entities, {"bias": 1.0}
        for role, key in (("holder", holder), ("target", target)):
            if key is None:
                features["article's voice"] = 1.0
                continue
            entity = entities[key]
            features[f"{role} is {entity.type.value}"] = 1.0
            features[f"{role}, mentions"] = math.log1p(self.count.get(key, 0))
            features[f"{role}, first"] = math.log1p(self.first.get(key, 0))
            features[f"{role}, statements"] = math.log1p(len(self.context.by_speaker.get(key, ())))
            features[f"{role}, named"] = float(key in self.named)
            features[f"{role}, roles"] = float(bool(entity.roles))
            features[f"{role}, score"] = entity.score
        features |= {f"article, {name}": value for name, value in self.words.items()}
        features["parties"] = math.log1p(len(self.count))
        features["sentences"] = math.log(max(1, len(self.context.sentences)))
        features["one sentence"] = float(len(self.context.sentences) <= 1)
        return features

    def of_passage(self, side: StanceLabel, best: Reading) -> Features:
        """Return what the words of the most probable passage say."""
        tokens, record = self.tokens, best.record
        start, end = record.evidence
        lower = tokens.lower[start : min(end, start + _MAX_WORDS)]
        features: Features = {"best, words": math.log1p(end - start)}
        for name, words in (("court", _COURT), ("sport", _SPORT), ("request", _REQUESTS), ("report", _REPORTS)):
            features[f"best, {name}"] = math.log1p(sum(word in words for word in lower))
        verbs, nouns, sentiments = polarity.verbs(), polarity.nouns(), polarity.sentiment_words()
        for name, shown in (
            ("verbs", [verbs[word][0] for word in lower if word in verbs]),
            ("nouns", [nouns[word] for word in lower if word in nouns]),
            ("sentiment", [sentiments[word] for word in lower if word in sentiments]),
        ):
            features[f"best, {name} of this side"] = math.log1p(shown.count(side))
            features[f"best, {name} of other side"] = math.log1p(shown.count(_OPPOSITE[side]))
        for name, words in (("doubt", _DOUBTS), ("negation", _NEGATIONS)):
            features[f"best, {name}"] = math.log1p(sum(word in words for word in lower))
        capitals = sum(word[0].isupper() for word in tokens.words[start : start + len(lower)])
        features["best, capitals"] = capitals / max(1, len(lower))
        features |= self._around_target(side, best)
        index = self.context.sentence_index(start)
        features["best, position"] = math.log1p(max(index, 0))
        features["best, parties"] = math.log1p(len({mention.key for mention in self.context.mentions[index]}))
        features["best, quotation marks"] = float(any(word in {"“", '"', "”"} for word in lower))
        features["best, name of target"] = float(best.target.is_name)
        features["best, possessive target"] = float(self._is_possessive(best.target))
        if best.holder is not None:
            first, second = sorted((best.holder.tokens, best.target.tokens))
            between = tokens.lower[first.end : second.start]
            construction = read_words_between(between[-_MAX_WORDS:])
            if construction is not None and construction[1] == (best.target.tokens < best.holder.tokens):
                is_same = construction[0] is side
                features[f"best, {construction[2]} between, {'this' if is_same else 'other'} side"] = 1.0
            features["best, holder modifies"] = float(self._modifies(best.holder))
            features["best, doubt between"] = float(any(word in _DOUBTS for word in between))
            features["best, negation between"] = float(any(word in _NEGATIONS for word in between))
            features["best, names between"] = float(
                sum(word[0].isupper() for word in tokens.words[first.end : second.start])
            )
            features["best, comma between"] = float("," in between)
            features["best, name of holder"] = float(best.holder.is_name)
            features["best, possessive holder"] = float(self._is_possessive(best.holder))
            features["best, distance"] = math.log1p(len(between))
            features["best, target first"] = float(best.target.tokens < best.holder.tokens)
            features["best, by before holder"] = float(
                "by" in tokens.lower[max(0, best.holder.tokens.start - 3) : best.holder.tokens.start]
            )
            features["best, and between"] = float("and" in between and len(between) <= 3)  # noqa: PLR2004
            features["best, holder at start"] = float(best.holder.tokens.start - start <= 3)  # noqa: PLR2004
        if record.attribution is not None:
            attribution = self.context.attributions[record.attribution]
            features["best, statement"] = 1.0
            features["best, statement's score"] = attribution.score
            features[f"best, {attribution.kind.value}"] = 1.0
            features[f"best, act {attribution.act.value}"] = 1.0
            content = attribution.content[0]
            features["best, words before target"] = math.log1p(max(0, best.target.tokens.start - content.start))
            stance = ACT_RECORDS[attribution.act].stance
            features["best, act of this side"] = float(stance is side)
            features["best, act of other side"] = float(stance is _OPPOSITE[side])
        return features

    def _around_target(self, side: StanceLabel, best: Reading) -> Features:
        """Return what stands next to the target."""
        tokens, (first, last) = self.tokens, best.target.tokens
        start, end = best.record.evidence
        features: Features = {"best, target modifies": float(self._modifies(best.target))}
        before, after = tokens.lower[max(start, first - _NEAR) : first], tokens.lower[last : min(end, last + _NEAR)]
        features["best, target addressed"] = float(not _ADDRESSED.isdisjoint(before[-3:]) and "to" in after[:4])
        features["best, target first word"] = float(first - start <= 1)
        sentiments, verbs = polarity.sentiment_words(), polarity.verbs()
        for name, words in (("before", before), ("after", after)):
            for shown in [sentiments[word] for word in words if word in sentiments]:
                features[f"best, {'this' if shown is side else 'other'} sentiment {name}"] = 1.0
            for shown in [verbs[word][0] for word in words if word in verbs]:
                features[f"best, {'this' if shown is side else 'other'} verb {name}"] = 1.0
        preposition = next(
            (word for word in reversed(before[-4:]) if word in {"of", "for", "with", "against", "to"}), ""
        )
        if preposition:
            features[f"best, {preposition} before target"] = 1.0
        return features

    def _modifies(self, mention: ParticipantMention) -> bool:
        """Return whether a mention only describes the noun after it ("the EU move", "the Texas senator")."""
        i = mention.tokens.end
        after = self.tokens.at(i)
        if not after or i >= self.tokens.sentence_end[mention.tokens.start] or not after[0].isalnum():
            return after == "-"
        return not (
            after in _FUNCTION_WORDS
            or is_adverb(after)
            or after in act_forms()
            or after in polarity.verbs()
            or after.endswith("ed")
        )

    def _is_possessive(self, mention: ParticipantMention) -> bool:
        after = self.tokens.at(mention.tokens.end)
        return after in {"'s", "’s", "'", "’"} or is_possessive(self.tokens.lower[mention.tokens.start], after)
