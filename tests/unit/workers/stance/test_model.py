from __future__ import annotations

import pytest
from spacy.tokens import Doc

from services.settings import Pipeline as Settings
from tests.support.growth import assert_linear
from workers.pipeline.pipeline import Pipeline
from workers.stance import readings

PIPELINE = Pipeline(Settings())


def stances(text: str, *, pipeline: Pipeline = PIPELINE) -> set[tuple[str | None, str, str]]:
    """Return (holder, stance, target) of each stance; a null holder is the article's own voice."""
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
def test_sentence_with_two_names_gives_a_stance_in_one_direction(
    text: str, holder: str, stance: str, target: str
) -> None:
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
def test_neutral_text_gives_no_stance(text: str) -> None:
    assert stances(text) == set()


def test_pronoun_holder_is_resolved_to_its_entity() -> None:
    text = "Senator Ruth Kessler spoke in Geneva on Monday. She accused Governor Alan Pryce of lying to voters."
    analysis = PIPELINE.analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}
    (stance,) = [s for s in analysis.stances if names[s.target.entity or ""] == "Alan Pryce"]
    assert names[stance.holder or ""] == "Ruth Kessler"
    assert text[stance.evidence.start : stance.evidence.end].startswith("She accused")


def test_sentence_of_many_names_takes_linear_time() -> None:
    component = PIPELINE.nlp.get_pipe("stancewire_sides")

    def crowd(count: int) -> Doc:
        names = ", ".join(f"Ruth Kessler{chr(97 + i % 26)} of Geneva" for i in range(count))
        return PIPELINE.run(f"{names} met.")

    assert_linear("pairs of names", component, crowd, 160)


def test_evidence_is_the_sentence_without_trailing_white_space() -> None:
    text = "Ruth Kessler endorsed Alan Pryce.\n\nThe port is closed."
    (stance,) = PIPELINE.analyse_text(text).stances
    assert text[stance.evidence.start : stance.evidence.end] == "Ruth Kessler endorsed Alan Pryce."


def test_representative_of_a_country_does_not_oppose_it() -> None:
    sentence = "“Every threat to Moscow and every attack on Russia is a crime,” {} said on Monday."
    of_his_own = stances(sentence.format("Russian Foreign Minister Anton Belov"))
    assert not {("Anton Belov", "oppose", country) for country in ("Moscow", "Russia")} & of_his_own
    assert ("Anton Belov", "oppose", "France") in stances(
        "Russian Foreign Minister Anton Belov accused France of lying."
    )


def test_content_is_read_as_a_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "“Alan Pryce is the worst governor we ever had,” Senator Ruth Kessler said."
    analysis = PIPELINE.analyse_text(text)
    (stance,) = [stance for stance in analysis.stances if stance.stance == "oppose"]
    assert stance.attribution == "a1"
    monkeypatch.setattr(readings, "content_probabilities", lambda *_: {})
    (alone,) = PIPELINE.analyse_text(text).stances
    assert alone.score != stance.score
