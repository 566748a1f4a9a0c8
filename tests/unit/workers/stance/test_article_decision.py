from __future__ import annotations

import numpy as np
import pytest

from services.contracts import StanceLabel
from services.settings import Pipeline as Settings
from tests.support.growth import assert_linear
from workers.pipeline.pipeline import Pipeline
from workers.stance.article_decision import ArticleDecision, packaged_decision

PIPELINE = Pipeline(Settings(min_stance_score=0.0))
NEUTRAL = "The council met in Geneva on Monday. The harbour was closed for an hour."


def score(text: str, holder: str, side: StanceLabel, target: str) -> float:
    """Return the highest score of a stance, 0 if it is not given."""
    analysis = PIPELINE.analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    return max(
        (
            stance.score
            for stance in analysis.stances
            if (names.get(stance.holder or ""), stance.stance, names[stance.target.entity or ""])
            == (holder, side, target)
        ),
        default=0.0,
    )


def test_weights_add_up_to_a_probability() -> None:
    decision = ArticleDecision({"bias": -1.0, "pair, best": 0.5}, np.array([0.25, 0.0], np.float32))
    features = [{"bias": 1.0, "pair, best": 2.0, "unknown": 9.0}, {"bias": 1e9}, {"bias": 1.0}]
    vectors = np.array([[0.0, 1.0], [0.0, 0.0], [4.0, 0.0]], np.float32)
    assert decision.probabilities(features, vectors) == pytest.approx([0.5, 0.0, 0.5])


def test_attack_in_words_is_probable_and_its_reverse_is_not() -> None:
    text = f"Senator Ruth Kessler criticised Governor Alan Pryce. {NEUTRAL}"
    assert score(text, "Ruth Kessler", StanceLabel.OPPOSE, "Alan Pryce") > 0.5
    assert score(text, "Alan Pryce", StanceLabel.OPPOSE, "Ruth Kessler") < 0.5


def test_arrest_is_less_probable_than_an_attack_in_words() -> None:
    attack = f"Mayor Ruth Kessler attacked Alan Pryce over the budget. {NEUTRAL}"
    arrest = f"Officer Ruth Kessler arrested Alan Pryce after the crash. {NEUTRAL}"
    arguments = ("Ruth Kessler", StanceLabel.OPPOSE, "Alan Pryce")
    assert score(arrest, *arguments) < score(attack, *arguments)


def test_every_stance_of_a_pair_has_the_score_of_the_decision() -> None:
    text = f"Ruth Kessler criticised Alan Pryce. Ruth Kessler met Alan Pryce on Friday. {NEUTRAL}"
    analysis = PIPELINE.analyse_text(text)
    scores: dict[tuple[str | None, str | None, str], set[float]] = {}
    for stance in analysis.stances:
        scores.setdefault((stance.holder, stance.target.entity, stance.stance), set()).add(stance.score)
    assert scores
    assert all(len(values) == 1 for values in scores.values())


def test_packaged_weights_prefer_a_stance_that_the_passages_show() -> None:
    weights = packaged_decision().weights
    assert weights["pair, best"] > 0
    assert weights["verb, this side"] > 0


def test_many_parties_take_linear_time() -> None:
    component = PIPELINE.nlp.get_pipe("stancewire_sides")
    assert_linear(
        "parties of an article",
        component,
        lambda count: PIPELINE.run(
            " ".join(f"Ruth Kessler{chr(97 + i % 26)} criticised Alan Pryce{chr(97 + i % 26)}." for i in range(count))
        ),
        80,
    )
