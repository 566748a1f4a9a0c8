"""Quotations without a verb of speech."""

from __future__ import annotations

import pytest

from tests.support.statements import statements


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ('Petra Lind shook her head. "It was never about the money."', "Petra Lind"),
        ("Asked whether he would run again, Omar Haddad shrugged. “Who knows?”", "Omar Haddad"),
        ('When the vote came, Mayor Petra Lind rose. "I have heard enough." The hall fell silent.', "Petra Lind"),
        ('Petra Lind runs the bakery next door. "We have lost half of our trade."', "Petra Lind"),
        ('"It was never about the money." Petra Lind shook her head.', "Petra Lind"),
        ("Omar Haddad's voice shook. “They took everything that we had.”", "Omar Haddad"),
        ("A statement followed from Chairwoman Petra Lind:\n\n“The vote is a good day for us all.”", "Petra Lind"),
        ('The judge nodded. "You may go now."', "The judge"),
        ('Petra Lind looked at the floor.\n\n"I should have told them about it."', "Petra Lind"),
    ],
)
def test_quotation_belongs_to_the_person_in_the_sentence_beside_it(text: str, speaker: str) -> None:
    assert [(who, cue) for who, cue, _ in statements(text)] == [(speaker, None)]


def test_person_before_a_quotation_comes_before_the_person_after_it() -> None:
    text = 'Petra Lind turned to the judge. "I did not know about the money." The judge nodded.'
    assert statements(text) == [("Petra Lind", None, '"I did not know about the money."')]


@pytest.mark.parametrize(
    "text",
    [
        'The mood in the hall was bad. "It is all over for this town."',
        'Petra Lind\'s lawyer left early. "It is all over for this town."',
        'The film "The Long Night of the River." won a prize.',
    ],
)
def test_quotation_without_a_person_beside_it_has_no_speaker(text: str) -> None:
    assert [who for who, _, _ in statements(text)] == []


def test_verb_of_gesture_that_takes_the_quotation_still_attributes_it() -> None:
    assert statements('"Not today," Petra Lind smiled.') == [("Petra Lind", "smiled", '"Not today,"')]
