"""Sources and bounds of statements that the model alone reads wrongly."""

from __future__ import annotations

import pytest

from tests.support.statements import Statement, statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'Guests heard that Karl Benz had shouted "You will pay for it" at the owner before the fire.',
            ("Karl Benz", "had shouted", '"You will pay for it"'),
            id="quotation without the words after it",
        ),
        pytest.param(
            'The study, by Dame Petra Lind, blames "years of neglect" for the flood.',
            ("The study, by Dame Petra Lind", "blames", '"years of neglect" for the flood'),
            id="document and its author",
        ),
        pytest.param(
            "The tower — built, Petra Lind said, in 1902 — fell on Sunday.",
            ("Petra Lind", "said", "built ... in 1902"),
            id="between dashes",
        ),
        pytest.param(
            "Prosecuting, Karl Benz said there was no doubt.",
            ("Karl Benz", "said", "there was no doubt"),
            id="participle before the speaker",
        ),
        pytest.param(
            '"You could have called," shot back Petra Lind.',
            ("Petra Lind", "shot back", '"You could have called,"'),
            id="shot back",
        ),
        pytest.param(
            '"It was my idea," chimed in her brother Karl.',
            ("Karl", "chimed in", '"It was my idea,"'),
            id="chimed in",
        ),
        pytest.param(
            "Lind, for her part, said the plan was dead.",
            ("Lind", "said", "the plan was dead"),
            id="for her part",
        ),
        pytest.param(
            "Friends of the Lake, a local group, condemned the plan.",
            ("Friends of the Lake, a local group", "condemned", "the plan"),
            id="apposition",
        ),
        pytest.param(
            "The governor asked the army to help with the sandbags.",
            ("The governor", "asked", "the army to help with the sandbags"),
            id="asked somebody to",
        ),
        pytest.param(
            "A clerk, on condition of anonymity, said the safe was empty.",
            ("A clerk", "said", "the safe was empty"),
            id="on condition of anonymity",
        ),
        pytest.param(
            "The man, who declined to be named, said three boats sank.",
            ("The man", "said", "three boats sank"),
            id="who declined to be named",
        ),
        pytest.param(
            "Fares will rise, says rail boss Kemp\n\nThe trains are full.",
            ("Kemp", "says", "Fares will rise"),
            id="headline with a role in lower case",
        ),
        pytest.param(
            "Statement from Mayor Petra Lind:\n\n“The bridge will reopen on Monday. I thank all workers.”",
            ("Petra Lind", "Statement", "“The bridge will reopen on Monday. I thank all workers.”"),
            id="statement from",
        ),
        pytest.param(
            "Haddad, when contacted, said he would appeal.",
            ("Haddad", "said", "he would appeal"),
            id="when contacted",
        ),
        pytest.param(
            "'It isn't the tenants' fault,' said Petra Lind.",
            ("Petra Lind", "said", "'It isn't the tenants' fault,'"),
            id="British single quotes",
        ),
    ],
)
def test_statement_has_its_speaker_and_its_bounds(text: str, expected: Statement) -> None:
    assert expected in [(speaker and speaker.rstrip(","), *rest) for speaker, *rest in statements(text)]


def test_quotation_between_two_cues_is_a_statement_of_its_own() -> None:
    text = "“The town,” said Petra Lind, “is not lost. It is tired,” she added, “and it will wake.”"
    assert [content for _, _, content in statements(text)] == [
        "“The town,”",
        "“is not lost. It is tired,”",
        "“and it will wake.”",
    ]
