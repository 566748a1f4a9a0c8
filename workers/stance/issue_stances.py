"""Stances on issues: a bill, a deal, sanctions, a strike.

The readings of passages are those of parties (`workers.stance.readings`), with issues as targets only. A decision of
its own, trained on the same articles, weighs the same features with those of the issue: the class and the head of its
phrase, and how often it is mentioned.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from spacy.tokens import Span

from services.contracts import EntityType, MentionForm, StanceLabel
from services.contracts.acts import ACT_RECORDS
from workers.doc.records import StanceRecord
from workers.english.lexicon import verb_forms, word_set
from workers.english.phrases import NEGATIONS
from workers.stance.acts import TARGET_WITHIN_TOKENS
from workers.stance.article_decision import Array, ArticleDecision, candidate_vectors, read_decision
from workers.stance.article_features import Candidate, candidates
from workers.stance.issues import Issue, read_issues
from workers.stance.readings import Reading, pair_readings, voice_readings
from workers.stance.relations import MAX_WORDS_BEFORE, read_words_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spacy.tokens import Doc

    from workers.doc.records import TokenSpan
    from workers.doc.tokens import Tokens
    from workers.model.encoder import Encoder
    from workers.stance.passage_features import Features
    from workers.stance.stance_context import StanceContext

WEIGHTS_FILE: Final = "issue_decision.json"
ACT_SCORE: Final = 0.6  # of an act whose content begins with the issue: "rejected the plan"
_WANTS: Final = frozenset(
    form
    for verb in word_set("want seek demand propose advocate request favour favor urge")
    for form in verb_forms(verb).values()
)
_MODIFIERS: Final = 3  # further ones count for nothing


class _Place(NamedTuple):
    """A holder and a target, by their keys, in a passage."""

    holder: int | None
    target: int
    evidence: TokenSpan


class IssueStances(NamedTuple):
    """The possible stances on the issues of a document, with their features and vectors, [candidates, VECTOR_SIZE].

    ``issues`` are by key, ``readings`` and ``shown`` what the candidates were gathered from, ``context`` the document
    with its issues.
    """

    context: StanceContext
    issues: dict[int, Issue]
    readings: list[Reading]
    shown: list[StanceRecord]
    features: dict[Candidate, Features]
    vectors: Array


@cache
def packaged_issue_decision() -> ArticleDecision:
    """Return the decision with the packaged weights, read once per process."""
    return read_decision(WEIGHTS_FILE)


def issue_stances(encoder: Encoder, doc: Doc, base: StanceContext, tokens: Tokens) -> IssueStances:
    """Return the possible stances on issues; ``base`` is the context without them."""
    possible = read_issues(doc, tokens)
    context = base.with_issues(possible)
    new = iter(range(len(base.entities), len(context.entities)))
    issues = {next(new) if issue.entity is None else issue.entity: issue for issue in possible}
    readings = [
        reading
        for reading in (
            *pair_readings(encoder, context, tokens, issues),
            *voice_readings(encoder, context, tokens, issues),
        )
        if reading.record.holder is not None and reading.record.holder not in issues
    ]
    by_verb = _shown_by_verbs(tokens, readings)
    readings = [
        reading for reading in readings if by_verb.get(_place(reading), reading.record.stance) is reading.record.stance
    ]
    shown = [*_shown_by_acts(context, issues), *_records(by_verb)]
    features = candidates(context, tokens, readings, shown)
    for (_, target, side), of_candidate in features.items():
        issue = issues[target]
        of_candidate |= {
            f"issue, {issue.noun_class}": 1.0,
            f"issue, {issue.noun_class}, {side.value}": 1.0,
            f"issue, head {issue.head}": 1.0,
            "issue, modifiers": float(min(_MODIFIERS, len(issue.modifiers))),
            "issue, mentions": math.log1p(len(issue.mentions)),
        }
    vectors = candidate_vectors(encoder, context, list(features), readings)
    return IssueStances(context, issues, readings, shown, features, vectors)


def _place(reading: Reading) -> _Place:
    record = reading.record
    return _Place(record.holder, record.target, record.evidence)


def _records(by_verb: Mapping[_Place, StanceLabel]) -> list[StanceRecord]:
    return [
        StanceRecord(holder, target, side, ACT_SCORE, evidence, None)
        for (holder, target, evidence), side in by_verb.items()
    ]


def _shown_by_verbs(tokens: Tokens, readings: Sequence[Reading]) -> dict[_Place, StanceLabel]:
    """Return the side that a verb between the holder and an issue after it shows: "called for a ban" is for it."""
    sides = {}
    for reading in readings:
        if reading.holder is None or reading.target.tokens.start < reading.holder.tokens.end:
            continue
        words = tokens.lower[reading.holder.tokens.end : reading.target.tokens.start]
        shown = read_words_between(words)
        if shown is not None and shown[2] == "verb" and not shown[1]:
            sides[_place(reading)] = shown[0]
        elif shown is None and _wants(words):
            sides[_place(reading)] = StanceLabel.SUPPORT
    return sides


def _wants(words: Sequence[str]) -> bool:
    """Return whether one of the few words between a party and an issue says that the party wants it."""
    if len(words) > MAX_WORDS_BEFORE or not NEGATIONS.isdisjoint(words):
        return False
    return any(word in _WANTS for word in words)


def _shown_by_acts(context: StanceContext, issues: dict[int, Issue]) -> list[StanceRecord]:
    """Return the stances of acts whose content begins with an issue: "backed the reform"."""
    shown = []
    for number, attribution in enumerate(context.attributions):
        stance = ACT_RECORDS[attribution.act].stance
        if stance is None or attribution.act_modified or attribution.speaker is None or attribution.speaker in issues:
            continue
        start, end = attribution.content[0]
        index = context.sentence_index(start)
        for mention in context.mentions[index] if index >= 0 else ():
            if mention.key in issues and start <= mention.tokens.start < min(end, start + TARGET_WITHIN_TOKENS):
                evidence = context.sentences[index]
                shown.append(StanceRecord(attribution.speaker, mention.key, stance, ACT_SCORE, evidence, number))
                break
    return shown


def add_issues(doc: Doc, stances: IssueStances, scores: Mapping[int, float]) -> None:
    """Add the issues that have a score to the entities and mentions of the document; they keep their keys.

    Others between them are added without mentions, so that the keys stay positions.
    """
    entities, mentions = doc._.entities, list(doc.spans.get("mentions", ()))
    for entity in stances.context.entities[len(entities) :]:
        entities.append(replace(entity, score=scores.get(entity.key, 0.0)))
        if entity.key not in scores:
            continue
        for span in stances.issues[entity.key].mentions:
            mention = Span(doc, *span, label=EntityType.ISSUE.value, span_id=str(entity.key))
            mention._.form = MentionForm.NOMINAL
            mentions.append(mention)
    doc.spans["mentions"] = mentions
