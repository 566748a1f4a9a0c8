"""Speech with labels, in the layouts of interviews, transcripts and lists."""

from __future__ import annotations

import pytest

from tests.support.statements import statements

INTERVIEWEE_INTRODUCED = "Last week the Harbour Courier caught up with pilot Sanna Koskela in Oulu.\n\n"


def speech(text: str) -> list[tuple[str | None, str]]:
    """Return the speaker and the content of each attribution."""
    return [(speaker, content) for speaker, _, content in statements(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            INTERVIEWEE_INTRODUCED + "Q: When did you start?\n\nA: In 1998, on small boats."
            "\n\nQ: And now?\n\nA: Big ones.",
            [("Sanna Koskela", "In 1998, on small boats"), ("Sanna Koskela", "Big ones")],
            id="Q and A, the interviewee in the prose",
        ),
        pytest.param(
            INTERVIEWEE_INTRODUCED
            + "Question: Do you swim?\nAnswer: Never.\nQuestion: Why not?\nAnswer: The water is cold.",
            [("Sanna Koskela", "Never"), ("Sanna Koskela", "The water is cold")],
            id="question and answer on lines",
        ),
        pytest.param(
            "JANSEN: Is the dam safe?\nDR ORTIZ: It has stood for ninety years.\nJANSEN: That is no answer.\n"
            "DR ORTIZ: It is the one I have.",
            [
                ("JANSEN", "Is the dam safe?"),
                ("ORTIZ", "It has stood for ninety years"),
                ("JANSEN", "That is no answer"),
                ("ORTIZ", "It is the one I have"),
            ],
            id="transcript in capitals",
        ),
        pytest.param(
            "Karel Duda talks to the potter Ines Braga.\n\nKarel Duda: Why clay?\n\nInes Braga: It was cheap.\n\n"
            "KD: And today?\n\nIB: It is still cheap.",
            [
                ("Karel Duda", "Why clay?"),
                ("Ines Braga", "It was cheap"),
                ("Karel Duda", "And today?"),
                ("Ines Braga", "It is still cheap"),
            ],
            id="initials after full names",
        ),
        pytest.param(
            "Voices from the square:\n\n• Petra Lind: “Nobody asked us.”\n• Omar Haddad: “It had to be done.”",
            [("Petra Lind", "“Nobody asked us.”"), ("Omar Haddad", "“It had to be done.”")],
            id="bullets and quotations",
        ),
        pytest.param(
            "Voices from the square:\n\n- Petra Lind: Nobody asked us.\n- Omar Haddad: It had to be done.",
            [("Petra Lind", "Nobody asked us"), ("Omar Haddad", "It had to be done")],
            id="bullets without quotation marks",
        ),
        pytest.param(
            "[00:12] Petra Lind: Nobody asked us.\n[00:31] Omar Haddad: It had to be done.",
            [("Petra Lind", "Nobody asked us"), ("Omar Haddad", "It had to be done")],
            id="times in brackets",
        ),
        pytest.param(
            'Omar Haddad, baker: "It had to be done."',
            [("Omar Haddad", '"It had to be done."')],
            id="description after the name",
        ),
    ],
)
def test_label_names_the_speaker(text: str, expected: list[tuple[str | None, str]]) -> None:
    assert [pair for pair in speech(text) if pair in expected] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Where: Dunmore Hall\nWhen: 3 June\nPrice: 12 euros",
        "Note: the shop is closed on Monday.\nNote: the bridge is closed too.",
        "Ingredients: flour, water and salt.",
    ],
)
def test_label_of_a_fact_is_no_speaker(text: str) -> None:
    assert statements(text, 0.5) == []


def test_answer_of_several_paragraphs_belongs_to_its_label_but_the_end_of_the_article_does_not() -> None:
    text = (
        "JANSEN: Is the dam safe?\n\nORTIZ: It has stood for ninety years.\n\nMy father built it.\n\n"
        "JANSEN: Thank you.\n\n"
        "ORTIZ: Not at all.\n\nThe dam is open to visitors on Sundays."
    )
    assert ("ORTIZ", "My father built it.") in speech(text)
    assert not any("visitors" in content for _, content in speech(text))


def test_statement_inside_an_answer_does_not_begin_with_the_label() -> None:
    text = "KOVAC: Did they help?\nBRAGA: My sister said the house was lost.\nKOVAC: And?\nBRAGA: It was not."
    assert ("My sister", "said", "the house was lost") in statements(text)


def test_dateline_byline_and_time_stamp_are_in_no_source_or_content() -> None:
    text = (
        "Miners walk out\n\nSTAFF REPORTER\n\nKOLMAR: Union leader Jana Pohl on Friday said the pit was unsafe.\n\n"
        "16.55\nOwner Karl Benz says it is safe."
    )
    assert statements(text, 0.3) == [
        ("Jana Pohl", "said", "the pit was unsafe"),
        ("Karl Benz", "says", "it is safe"),
    ]


def test_headline_does_not_run_into_the_story() -> None:
    text = 'Prices will fall, predicts analyst Brandt\n\nLena Brandt told the fair that demand was "very weak".'
    assert statements(text) == [
        ("Lena Brandt", "predicts", "Prices will fall"),
        ("Lena Brandt", "told", 'that demand was "very weak"'),
    ]


def test_signature_on_the_line_below_a_quotation_names_its_speaker() -> None:
    text = "“The sea takes what it wants from us.”\n— Petra Lind\n\n“We will stay here anyway.”\n— Omar Haddad"
    assert speech(text) == [
        ("Petra Lind", "“The sea takes what it wants from us.”"),
        ("Omar Haddad", "“We will stay here anyway.”"),
    ]
