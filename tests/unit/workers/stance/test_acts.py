from __future__ import annotations

import pytest

from services.settings import Pipeline as Settings
from tests.support.growth import assert_linear
from workers.pipeline.pipeline import Pipeline


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(Settings(model="rules"))


@pytest.mark.parametrize(
    ("text", "holder", "target", "stance"),
    [
        ("President Kofi Mensah accused Tarva Bank of fraud.", "Kofi Mensah", "Tarva Bank", "oppose"),
        ("President Kofi Mensah praised Tarva Bank for its courage.", "Kofi Mensah", "Tarva Bank", "support"),
        ("Moscow has long blamed Washington for the crisis.", "Moscow", "Washington", "oppose"),
        ("President Kofi Mensah criticised the plan of Tarva Bank.", "Kofi Mensah", "Tarva Bank", "oppose"),
    ],
)
def test_act_shows_a_stance_of_the_speaker(
    pipeline: Pipeline, text: str, holder: str, target: str, stance: str
) -> None:
    analysis = pipeline.analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    assert [(names[s.holder or ""], names[s.target.entity or ""], s.stance) for s in analysis.stances] == [
        (holder, target, stance)
    ]
    assert analysis.stances[0].attribution == analysis.attributions[0].id


@pytest.mark.parametrize(
    "text",
    [
        "President Kofi Mensah said Tarva Bank was open.",
        "He accused Tarva Bank of fraud.",
        "President Kofi Mensah accused nobody of anything.",
        "President Kofi Mensah would back Tarva Bank only if it paid its taxes.",
        "President Kofi Mensah criticised the sanctions against Tarva Bank.",
    ],
)
def test_unclear_act_speaker_or_target_gives_no_stance(pipeline: Pipeline, text: str) -> None:
    assert pipeline.analyse_text(text).stances == ()


def test_stances_below_the_minimum_score_are_left_out() -> None:
    strict = Pipeline(Settings(model="rules", min_stance_score=0.99))
    assert strict.analyse_text("President Kofi Mensah accused Tarva Bank of fraud.").stances == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Mayor Ida Osei proposed to close the port. Tarva Bank rejected the proposal.",
            [("Tarva Bank", "Ida Osei", "oppose")],
        ),
        (
            "Mayor Ida Osei said she would leave. It rained. Tarva Bank dismissed the idea.",
            [("Tarva Bank", "Ida Osei", "oppose")],
        ),
        # Nobody else has spoken; the offer is too far back; a deal belongs to both sides; the phrase is too long.
        ("Mayor Ida Osei proposed to close the port. She later rejected the proposal.", []),
        (
            (
                "Mayor Ida Osei said she would go. It rained. It poured. It froze. It snowed. "
                "Tarva Bank dismissed the idea."
            ),
            [],
        ),
        ("Mayor Ida Osei said she would leave. Tarva Bank rejected the deal.", []),
        ("Mayor Ida Osei said she would leave. Tarva Bank rejected the proposal of a committee of the elders.", []),
    ],
)
def test_rejecting_an_offer_opposes_the_speaker_who_made_it(
    pipeline: Pipeline, text: str, expected: list[tuple[str, str, str]]
) -> None:
    analysis = pipeline.analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    assert [(names[s.holder or ""], names[s.target.entity or ""], s.stance) for s in analysis.stances] == expected


def test_thousands_of_back_references_take_linear_time(pipeline: Pipeline) -> None:
    text = "Mayor Ida Osei said she would go. Tarva Bank dismissed the offer. "
    assert_linear("offers", pipeline.analyse_text, lambda count: text * count, 2000)
