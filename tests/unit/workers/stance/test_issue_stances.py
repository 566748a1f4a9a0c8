from __future__ import annotations

import pytest

from services.contracts import EntityType, StanceLabel
from services.settings import Pipeline as Settings
from workers.pipeline.pipeline import Pipeline

PIPELINE = Pipeline(Settings(min_stance_score=0.1))
TEXT = """Dockers reject the harbour bill

Senator Ruth Kessler told reporters in Geneva on Monday that she would vote against the harbour bill.

“This bill is a disgrace, and I will fight it,” Kessler said. The measure was written by Alan Pryce, the governor.

The council meets again on Friday. The harbour was closed for an hour."""


def test_issue_is_an_entity_with_its_mentions_and_the_target_of_a_stance() -> None:
    analysis = PIPELINE.analyse_text(TEXT)
    names = {entity.id: entity.name for entity in analysis.entities}
    [issue] = [entity for entity in analysis.entities if entity.name == "the harbour bill"]
    assert issue.type is EntityType.ISSUE
    assert [TEXT[mention.start : mention.end] for mention in issue.mentions] == [
        "the harbour bill",
        "the harbour bill",
        "This bill",
        "The measure",
    ]
    stances = {
        (names.get(each.holder or ""), each.stance) for each in analysis.stances if each.target.entity == issue.id
    }
    assert ("Ruth Kessler", StanceLabel.OPPOSE) in stances


@pytest.mark.parametrize("minimum", [0.1, 0.99])
def test_every_issue_is_a_target_and_ids_are_consecutive(minimum: float) -> None:
    analysis = Pipeline(Settings(min_stance_score=minimum)).analyse_text(TEXT)
    targets = {stance.target.entity for stance in analysis.stances}
    assert all(entity.id in targets for entity in analysis.entities if entity.type is EntityType.ISSUE)
    assert [entity.id for entity in analysis.entities] == [
        f"e{number}" for number in range(1, len(analysis.entities) + 1)
    ]
    assert all(entity.mentions for entity in analysis.entities)


def test_issue_holds_no_stance_and_says_nothing() -> None:
    analysis = PIPELINE.analyse_text(TEXT)
    issues = {entity.id for entity in analysis.entities if entity.type is EntityType.ISSUE}
    assert not issues & {stance.holder for stance in analysis.stances}
    assert not issues & {each.source.entity for each in analysis.attributions if each.source}


@pytest.mark.parametrize(
    "text", ["", " \n ", "The bill.", "Photo: the bill. Subscribe to our newsletter for the deal."]
)
def test_text_without_parties_gives_no_issue(text: str) -> None:
    assert [entity for entity in PIPELINE.analyse_text(text).entities if entity.type is EntityType.ISSUE] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Senator Ruth Kessler voted against the harbour bill.", {("oppose", "the harbour bill")}),
        ("Senator Ruth Kessler praised the deal.", {("support", "the deal")}),
        ("President Kofi Mensah backed a ban on plastic bags.", {("support", "a ban")}),
        ("Alan Pryce condemned the attack on the embassy.", {("oppose", "the attack")}),
        ("Ruth Kessler said the talks would resume on Monday.", set()),
        ("Mayor Ida Osei opened the new bridge on Friday.", set()),
    ],
)
def test_single_sentences_are_read_at_the_default_threshold(text: str, expected: set[tuple[str, str]]) -> None:
    analysis = Pipeline(Settings()).analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    assert {(each.stance.value, names[each.target.entity or ""]) for each in analysis.stances} == expected


def test_call_for_an_issue_is_support_with_less_certainty() -> None:
    analysis = Pipeline(Settings(min_stance_score=0.3)).analyse_text(
        "President Kofi Mensah called for a ban on plastic bags."
    )
    (stance,) = analysis.stances
    assert stance.stance is StanceLabel.SUPPORT
    assert 0.4 <= stance.score < 0.6
