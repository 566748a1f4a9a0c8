from __future__ import annotations

import pytest

from services.settings import Pipeline as Settings
from workers.pipeline.pipeline import Pipeline
from workers.stance.model import ModelStances

PIPELINE = Pipeline(Settings())


def stances(text: str, *, pipeline: Pipeline = PIPELINE) -> set[tuple[str | None, str, str]]:
    """Return holder, side and target of each stance; no holder is the article's own voice."""
    analysis = pipeline.analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    return {(names.get(s.holder or ""), s.stance.value, names[s.target.entity or ""]) for s in analysis.stances}


@pytest.mark.parametrize(
    ("text", "holder", "stance", "target"),
    [
        (
            "Senator Ruth Kessler accused Governor Alan Pryce of lying to voters.",
            "Ruth Kessler",
            "oppose",
            "Alan Pryce",
        ),
        (
            "Alan Pryce was sharply criticised by Senator Ruth Kessler on Monday.",
            "Ruth Kessler",
            "oppose",
            "Alan Pryce",
        ),
        ("Senator Ruth Kessler endorsed Governor Alan Pryce on Monday.", "Ruth Kessler", "support", "Alan Pryce"),
        ("Senator Ruth Kessler praised Governor Alan Pryce for his courage.", "Ruth Kessler", "support", "Alan Pryce"),
    ],
)
def test_a_sentence_tells_who_is_for_or_against_whom(text: str, holder: str, stance: str, target: str) -> None:
    assert (holder, stance, target) in stances(text)
    assert not {(target, side, holder) for side in ("support", "oppose")} & stances(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ruth Kessler and Alan Pryce arrived in Geneva on Monday.",
        "Ruth Kessler succeeded Alan Pryce as governor in 2019.",
        "",
        " \n ",
    ],
)
def test_most_pairs_have_no_side(text: str) -> None:
    assert stances(text) == set()


def test_a_pronoun_holds_what_its_entity_holds_and_shows_the_statement() -> None:
    text = "Senator Ruth Kessler spoke in Geneva on Monday. She accused Governor Alan Pryce of lying to voters."
    analysis = PIPELINE.analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    (stance,) = [s for s in analysis.stances if names[s.target.entity or ""] == "Alan Pryce"]
    assert names[stance.holder or ""] == "Ruth Kessler"
    assert text[stance.evidence.start : stance.evidence.end].startswith("She accused")


def test_a_sentence_of_many_names_takes_linear_time() -> None:
    crowd = ", ".join(f"Ruth Kessler{chr(97 + i % 26)} of Geneva" for i in range(400))
    assert isinstance(stances(f"{crowd} met."), set)


def test_evidence_is_the_sentence_without_what_parts_it_from_the_next() -> None:
    text = "Ruth Kessler endorsed Alan Pryce.\n\nThe port is closed."
    (stance,) = PIPELINE.analyse_text(text).stances
    assert text[stance.evidence.start : stance.evidence.end] == "Ruth Kessler endorsed Alan Pryce."


def test_who_speaks_for_a_country_is_not_against_it() -> None:
    said = "“Every threat to Moscow and every attack on Russia is a crime,” {} said on Monday."
    assert not {side for side in stances(said.format("Russian Foreign Minister Anton Belov")) if side[1] == "oppose"}
    assert ("Anton Belov", "oppose", "France") in stances(
        "Russian Foreign Minister Anton Belov accused France of lying."
    )


def test_a_statement_is_heard_as_a_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "“Alan Pryce is the worst governor we ever had,” Senator Ruth Kessler said."
    analysis = PIPELINE.analyse_text(text)
    (stance,) = [one for one in analysis.stances if one.stance == "oppose"]
    assert stance.attribution == "a1"
    monkeypatch.setattr(ModelStances, "_voices", lambda *_: {})
    (alone,) = PIPELINE.analyse_text(text).stances
    assert alone.score != stance.score
