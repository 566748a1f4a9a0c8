from __future__ import annotations

import pytest
from spacy.language import Language

from workers.segmentation.paragraphs import dateline_length, is_boilerplate, is_hard_wrapped


@pytest.mark.parametrize(
    "line",
    [
        "Read more",
        "Read more: Ten things to know about the vote",
        "Also read: Port strike enters second week",
        "Related stories",
        "Click here to subscribe",
        "Sign up for our newsletter",
        "Follow us on Twitter",
        "Share this article",
        "Share on Facebook",
        "Advertisement",
        "Photo: Ministry of Works",
        "Image credit: Lena Brandt",
        "By Lena Brandt and Kofi Mensah",
        "BY LENA BRANDT",
        "© 2024 The Harbour Courier. All rights reserved",
        "Reporting by Lena Brandt; editing by Kofi Mensah",
        "https://example.org/story",
    ],
)
def test_boilerplate_line_is_recognized(line: str) -> None:
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    [
        "By the end of the year the port will have closed.",
        "Share prices fell by a tenth on Monday.",
        "Readers will find more than three reasons to doubt it.",
        "Photographs of the bridge were shown in court.",
        "Follow the river north and the road ends.",
        "Published figures disagree, Osei said.",
        "Read more than one book a year, she told the pupils.",
        "",
    ],
)
def test_line_of_story_is_not_boilerplate(line: str) -> None:
    assert not is_boilerplate(line)


@pytest.mark.parametrize(
    ("line", "dateline"),
    [
        ("GENEVA, 3 May (AP) - Talks went on.", "GENEVA, 3 May (AP) - "),
        ("ACCRA – Talks went on.", "ACCRA – "),
        ("Talks went on - slowly.", ""),
        ("The talks: a review", ""),
    ],
)
def test_dateline_length_covers_dateline_up_to_dash(line: str, dateline: str) -> None:
    assert line[: dateline_length(line)] == dateline


def test_component_marks_whole_lines_and_keeps_text(nlp: Language) -> None:
    text = "The vote is on Monday.\nRead more\nTurnout was low."
    with nlp.memory_zone():
        doc = nlp(text)
        assert [span.text for span in doc.spans["boilerplate"]] == ["Read more"]
        assert [span.text for span in doc.spans["paragraphs"]] == text.split("\n")
        assert doc.text == text


def test_text_is_hard_wrapped_if_lines_break_sentences() -> None:
    line = "the council of the harbour town met again on that long and rainy day in"
    assert is_hard_wrapped("\n".join([line] * 12))
    assert not is_hard_wrapped("\n".join([line + "."] * 12))
