"""The trained pipeline on handwritten texts: attributions that must be found, and text without any."""

from __future__ import annotations

import pytest

from services.contracts import Analysis, Kind
from services.settings import Pipeline as Settings
from workers.pipeline.pipeline import Pipeline

PIPELINE = Pipeline(Settings())
FoundAttribution = tuple[str | None, str | None, str, list[str]]


def found_attributions(analysis: Analysis) -> list[FoundAttribution]:
    """Return each attribution's speaker, cue, kind and content."""
    names = {entity.id: entity.name for entity in analysis.entities}
    text = analysis.text
    return [
        (
            names.get(attribution.source.entity or "") if attribution.source else None,
            text[attribution.cue.start : attribution.cue.end] if attribution.cue else None,
            attribution.kind.value,
            [text[part.start : part.end] for part in attribution.content],
        )
        for attribution in analysis.attributions
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Works Minister Ama Osei said the bridge was safe.",
            [("Ama Osei", "said", "indirect", ["the bridge was safe"])],
            id="indirect",
        ),
        pytest.param(
            "“The bridge is safe,” Osei said. “We have checked it twice.”",
            [
                ("Osei", "said", "direct", ["“The bridge is safe,”"]),
                ("Osei", None, "direct", ["“We have checked it twice.”"]),
            ],
            id="direct with run-on quotation",
        ),
        pytest.param(
            "Kofi Mensah described the plan as “a costly mistake” and urged the council to drop it.",
            [
                ("Kofi Mensah", "described", "mixed", ["the plan as “a costly mistake”"]),
                ("Kofi Mensah", "urged", "indirect", ["the council to drop it"]),
            ],
            id="mixed with two cues of one source",
        ),
        pytest.param(
            "According to the harbour authority, the pier will open in June.",
            [(None, "According to", "indirect", ["the pier will open in June"])],
            id="according to",
        ),
        pytest.param(
            "The plan, he said, would fail.",
            [(None, "said", "indirect", ["The plan", "would fail"])],
            id="discontinuous",
        ),
        pytest.param(
            "The two sides need a treaty, Foreign Minister Ama Osei has said.",
            [("Ama Osei", "has said", "indirect", ["The two sides need a treaty"])],
            id="nested demand",
        ),
        pytest.param(
            "Osei accused Tarva Bank of delay, adding that the money had been promised in spring.",
            [
                ("Osei", "accused", "indirect", ["Tarva Bank of delay"]),
                ("Osei", "adding", "indirect", ["that the money had been promised in spring"]),
            ],
            id="participle",
        ),
        pytest.param(
            (
                "Ana Ruiz, the mayor of Porto Velho, denied that she had known about the payments. "
                "She said the claims were false."
            ),
            [
                ("Ana Ruiz", "denied", "indirect", ["that she had known about the payments"]),
                ("Ana Ruiz", "said", "indirect", ["the claims were false"]),
            ],
            id="apposition and pronoun",
        ),
        pytest.param(
            "“We will not wait any longer, and we will vote tomorrow.” – Ana Ruiz, mayor",
            [("Ana Ruiz", "–", "direct", ["“We will not wait any longer, and we will vote tomorrow.”"])],
            id="signed",
        ),
        pytest.param(
            "Osei said her opponent had told voters that “the bridge would fall”.",
            [("Osei", "said", "mixed", ["her opponent had told voters that “the bridge would fall”"])],
            id="nested",
        ),
    ],
)
def test_source_cue_kind_and_content_are_found(text: str, expected: list[FoundAttribution]) -> None:
    assert found_attributions(PIPELINE.analyse_text(text)) == expected


def test_quotation_over_paragraphs_keeps_its_speaker() -> None:
    text = (
        "“The bridge is old and worn,” Ama Osei told reporters.\n\n“We will close it in May.\n\n"
        "“It will open again in autumn.”"
    )
    analysis = PIPELINE.analyse_text(text)
    assert {speaker for speaker, _, _, _ in found_attributions(analysis)} == {"Ama Osei"}
    contents = " ".join(part for _, _, _, parts in found_attributions(analysis) for part in parts)
    assert all(words in contents for words in ("old and worn", "in May", "in autumn"))
    assert {attribution.kind for attribution in analysis.attributions} == {Kind.DIRECT}


def test_labels_of_an_interview_name_the_speakers() -> None:
    text = (
        "Mensah: Why did you leave?\nOsei: Because nobody listened to us.\n"
        "Mensah: Will you return?\nOsei: No, that is over."
    )
    speakers = [
        (speaker, parts[0].rstrip("?.")) for speaker, _, _, parts in found_attributions(PIPELINE.analyse_text(text))
    ]
    assert ("Osei", "Because nobody listened to us") in speakers
    assert ("Osei", "No, that is over") in speakers


@pytest.mark.parametrize(
    "text",
    [
        "The so-called “smart bridge” was built by Kwame “Rock” Mensah in 1999.",
        "The bridge opened in 1954. It is made of steel.",
        "Tarva Bank has 400 branches. Its seat is in Lusaka.",
    ],
)
def test_text_without_reported_speech_has_no_attribution(text: str) -> None:
    assert found_attributions(PIPELINE.analyse_text(text)) == []


def test_each_item_has_a_probability_of_its_own() -> None:
    analysis = PIPELINE.analyse_text("Works Minister Ama Osei said the bridge was safe. Many hoped it would stay so.")
    scores = [attribution.score for attribution in analysis.attributions]
    scores += [entity.score for entity in analysis.entities]
    assert all(0 < score < 1 for score in scores)
    assert len(set(scores)) == len(scores)


def test_boilerplate_is_not_part_of_a_content() -> None:
    text = (
        "“We asked for money in spring,” the minister said.\n\nRead more: Ten bridges that fell\n\n"
        "“We still wait for it.”"
    )
    contents = " ".join(part for _, _, _, parts in found_attributions(PIPELINE.analyse_text(text)) for part in parts)
    assert "Read more" not in contents
    assert "still wait" in contents


def test_headline_is_not_joined_to_the_story() -> None:
    text = (
        "Minister urges Vienna to mediate\n\n"
        "MARLOW, 3 May (AP) - The minister said on Monday that the talks had failed."
    )
    contents = [part for _, _, _, parts in found_attributions(PIPELINE.analyse_text(text)) for part in parts]
    assert "that the talks had failed" in contents
    assert not any("MARLOW" in part or "\n" in part for part in contents)


def test_name_after_a_role_is_the_speaker() -> None:
    text = "Japan's trade minister, Kenji Morita, said the plan was wrong. He called it a wall."
    assert {speaker for speaker, _, _, _ in found_attributions(PIPELINE.analyse_text(text))} == {"Kenji Morita"}
