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
        "16.55",
        "09:12 GMT",
        "[00:14:05]",
        "10.15am",
        "SPECIAL CORRESPONDENT",
        "Staff Reporter",
        "Lena Brandt, political correspondent",
        "Agencies",
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
        "A correspondent was hurt.",
        "99.12",
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
        ("TEMA: Talks went on.", "TEMA: "),
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


@pytest.mark.parametrize(
    ("text", "boilerplate"),
    [
        ("16.55 Police say the road is closed.", ["16.55"]),
        ("14:32 GMT – Osei resigns", ["14:32 GMT –"]),
        ("Talks go on\n\nTEMA: Talks went on.", ["TEMA:"]),
        ("OSEI: Talks will go on", []),
        ("OSEI: Talks went on.\nBRANDT: They did not.", []),
        ("3.50 metres of snow fell.", []),
    ],
)
def test_time_stamp_and_dateline_are_marked_but_not_the_speakers_of_a_transcript(
    nlp: Language, text: str, boilerplate: list[str]
) -> None:
    with nlp.memory_zone():
        doc = nlp(text)
        assert [span.text for span in doc.spans["boilerplate"]] == boilerplate
