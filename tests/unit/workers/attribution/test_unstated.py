"""Words of speech that report no statement."""

from __future__ import annotations

import pytest

from tests.support.statements import statements


@pytest.mark.parametrize(
    "text",
    [
        "Nobody at the harbour said that the pier was unsafe.",
        "No official said the bridge would close.",
        "None of the ministers claimed that the plan would work.",
        "Petra Lind would neither confirm nor deny the report.",
        "The company declined to comment.",
        "The rebels attacked the left flank at dawn.",
        "The council approved a scheme for 40 new homes on Monday.",
        "Volunteers rescued the crew of the trawler.",
        "Haddad was beaten and robbed by two men on Sunday.",
        "The Harbour Courier spoke to the pilot Sanna Koskela on Tuesday.",
        "It is understood that the director will leave in May.",
        "I asked her why.",
        "We asked the chef about her new kitchen.",
        'Marchers held signs saying "No more dams".',
        "He was named as Jan de Wit.",
        'A sign on the gate said "Closed today".',
        "Haddad has been defended by his coach, Karl Benz.",
    ],
)
def test_text_in_which_nobody_states_anything_has_no_statement(text: str) -> None:
    assert statements(text, 0.4) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A guard, who asked not to be named, confirmed the fire.", [("A guard", "confirmed", "the fire")]),
        (
            "Speaking on the results, Petra Lind said: “It was a good year for us.”",
            [("Petra Lind", "said:", "“It was a good year for us.”")],
        ),
        ("Few people believe that the plan will work.", [("Few people", "believe", "that the plan will work")]),
        ("Haddad attacked the mayor for her silence.", [("Haddad", "attacked", "the mayor")]),
    ],
)
def test_statement_beside_such_words_is_kept(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert statements(text, 0.3) == expected
