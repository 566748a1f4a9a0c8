from __future__ import annotations

from typing import Any

import pytest
from spacy.language import Language

from workers.evaluation.statements import Given, Judgement, given_statements, judge, overlap, whole_statements

RIGHT, WRONG_SPEAKER, WRONG = Judgement(True, True), Judgement(True, False), Judgement(False, False)


def given(content: list[tuple[int, int]], speaker: str | None = "E1", *, is_part: bool = False) -> Given:
    return Given(content, frozenset({speaker}), is_part)


def statement(content: list[list[int]], speaker: str | None = "E1") -> dict[str, Any]:
    return {"content": content, "speaker": speaker}


@pytest.mark.parametrize(
    ("attribution", "judgement"),
    [
        (given([(0, 10)]), RIGHT),
        (given([(0, 8)]), RIGHT),
        (given([(0, 7)]), WRONG),
        (given([(0, 10)], "E2"), WRONG_SPEAKER),
        (given([(0, 10)], None), WRONG_SPEAKER),
        (given([(20, 30)]), WRONG),
    ],
)
def test_attribution_needs_four_fifths_of_the_content_and_the_speaker(attribution: Given, judgement: Judgement) -> None:
    assert judge([statement([[0, 10]]), statement([[40, 50]], "E2"), statement([[60, 70]], None)], [attribution]) == [
        judgement
    ]


def test_quotation_that_goes_on_is_right_by_its_part_of_the_statement() -> None:
    gold = [statement([[0, 10], [20, 40]])]
    assert judge(gold, [given([(0, 10)], is_part=True), given([(20, 40)], is_part=True)]) == [RIGHT, RIGHT]
    assert judge(gold, [given([(0, 10)], is_part=True), given([(20, 30)], is_part=True)]) == [RIGHT, WRONG]
    assert judge(gold, [given([(20, 40)], "E2", is_part=True)]) == [WRONG_SPEAKER]


def test_half_a_statement_is_wrong_if_no_quotation_goes_on() -> None:
    assert judge([statement([[0, 10], [20, 30]])], [given([(0, 10)])]) == [WRONG]


def test_statement_makes_one_attribution_right_and_a_repeated_one_wrong() -> None:
    twice = [given([(0, 10)]), given([(0, 9)])]
    assert judge([statement([[0, 10]])], twice) == [RIGHT, WRONG]
    assert whole_statements([statement([[0, 10]])], twice).keys() == {0}


def test_overlap_is_the_smaller_share() -> None:
    assert overlap([(0, 10)], [(5, 10)]) == overlap([(5, 10)], [(0, 10)]) == 0.5
    assert overlap([(0, 10)], []) == overlap([], []) == 0


def test_attributions_of_a_document_come_with_their_speakers_and_with_what_goes_on(nlp: Language) -> None:
    text = "“It is safe,” Mr. Kofi Mensah said. “Come and see for yourselves.” A clerk said the bridge was old."
    doc = nlp(text)
    end_of_clerk = text.index(" said the bridge")
    first, second, clerk = given_statements(doc, {0: "E7"}, {end_of_clerk: "E9"})
    assert (first.speakers, clerk.speakers) == (frozenset({"E7"}), frozenset({None, "E9"}))
    assert [each.is_part for each in (first, second, clerk)] == [True, True, False]
    assert text[slice(*second.content[0])] == "“Come and see for yourselves.”"
    assert given_statements(doc, {}, {})[0].speakers == {"other 0"}
