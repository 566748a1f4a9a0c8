from __future__ import annotations

import math

import numpy as np
import pytest

from services.contracts import StanceLabel
from services.settings import Pipeline as Settings
from workers.doc.records import StanceRecord, TokenSpan
from workers.model.stance_heads import Pair
from workers.pipeline.pipeline import Pipeline
from workers.stance.article_decision import VECTOR_SIZE, ArticleDecision
from workers.stance.attacks import ATTACK_PRECISION, attacks, is_attack
from workers.stance.passage_features import Features
from workers.stance.readings import Reading
from workers.stance.stance_context import ParticipantMention

SPEAKER, RIVAL, BYSTANDER = 1, 2, 3
ATTACK: Features = {
    "oppose": 1.0,
    "holder is PERSON": 1.0,
    "holder, mentions": math.log1p(5),
    "best, statement": 1.0,
    "best, verbs of this side": math.log1p(2),
    "best, target modifies": 0.0,
    "best, target addressed": 0.0,
}


def reading(target: int, score: float, passage: int = 0) -> Reading:
    """Return a reading of the speaker's words against a target."""
    record = StanceRecord(SPEAKER, target, StanceLabel.OPPOSE, score, TokenSpan(passage, passage + 9), 0)
    mention = ParticipantMention(target, TokenSpan(passage + 4, passage + 5), (4, 5), is_name=True)
    return Reading(record, 0.0, None, mention, Pair(None, (4, 5), (0, 9)))


@pytest.mark.parametrize(
    "change",
    [
        {"oppose": 0.0},
        {"holder is PERSON": 0.0},
        {"holder, mentions": math.log1p(4)},
        {"best, statement": 0.0},
        {"best, verbs of this side": math.log1p(1)},
        {"best, target modifies": 1.0},
        {"best, target addressed": 1.0},
    ],
)
def test_attack_needs_a_main_figure_and_hostile_words(change: Features) -> None:
    assert is_attack(ATTACK)
    assert not is_attack(ATTACK | change)


@pytest.mark.parametrize(("others", "passage", "count"), [(0.5, 0, 1), (0.7, 0, 0), (0.7, 20, 1)])
def test_attack_is_on_whoever_of_the_passage_the_words_are_most_probably_against(
    others: float, passage: int, count: int
) -> None:
    candidate = (SPEAKER, RIVAL, StanceLabel.OPPOSE)
    readings = [reading(RIVAL, 0.6), reading(BYSTANDER, others, passage)]
    assert attacks({candidate: ATTACK}, readings) == [candidate] * count


def test_improbable_reading_is_no_attack() -> None:
    candidate = (SPEAKER, RIVAL, StanceLabel.OPPOSE)
    assert attacks({candidate: ATTACK}, [reading(RIVAL, 0.34)]) == []
    assert attacks({candidate: ATTACK}, []) == []


def test_attack_keeps_its_precision_where_the_decision_is_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline(Settings())
    never = ArticleDecision({"bias": -1.0}, np.zeros(VECTOR_SIZE, np.float32))
    monkeypatch.setattr(pipeline.nlp.get_pipe("stancewire_sides"), "decision", never)
    text = (
        "Foreign Minister Ruth Kessler spoke in Geneva on Monday. Kessler came with her deputy. She met reporters. "
        "Kessler presented a plan for the ports. "
        "“The threat comes from NATO, which has failed and betrayed us,” Kessler said. Then she left."
    )
    analysis = pipeline.analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    given = {(names.get(each.holder or ""), names[each.target.entity or ""]): each.score for each in analysis.stances}
    assert given["Ruth Kessler", "NATO"] == ATTACK_PRECISION
