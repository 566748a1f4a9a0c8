"""Quotations that are paragraphs of their own."""

from __future__ import annotations

from tests.support.statements import statements


def speech(text: str) -> list[tuple[str | None, str]]:
    return [(speaker, content) for speaker, _, content in statements(text)]


def test_two_speakers_take_turns() -> None:
    text = (
        "Writer Karel Duda visited the potter, Elena Moreau, in her shop.\n\n“Why clay?” Duda asked.\n\n"
        "“It was cheap.”\n\n"
        "“And is it still?”\n\n“Clay never gets dearer,” Moreau said."
    )
    assert speech(text) == [
        ("Karel Duda", "“Why clay?”"),
        ("Elena Moreau", "“It was cheap.”"),
        ("Karel Duda", "“And is it still?”"),
        ("Elena Moreau", "“Clay never gets dearer,”"),
    ]


def test_answer_belongs_to_the_only_other_person() -> None:
    text = (
        "Karel Duda met the potter Elena Moreau in her shop.\n\n“Why do you work in clay?” Duda asked.\n\n"
        "“It was cheap.”"
    )
    assert speech(text)[-1] == ("Elena Moreau", "“It was cheap.”")


def test_quotation_that_opens_anew_in_each_paragraph_has_one_speaker() -> None:
    text = (
        'Shepherd Elena Moreau said the snow came early.\n\n"First we lost the lambs.\n\n"Then we lost the dog.\n\n'
        '"Now we sell the land."\n\nVet Karel Duda said help would come.'
    )
    assert speech(text) == [
        ("Elena Moreau", "the snow came early"),
        ("Elena Moreau", '"First we lost the lambs.'),
        ("Elena Moreau", '"Then we lost the dog.'),
        ("Elena Moreau", '"Now we sell the land."'),
        ("Karel Duda", "help would come"),
    ]


def test_quotation_that_stays_open_at_the_end_of_a_paragraph_goes_on_in_the_next() -> None:
    text = (
        "“The dam leaked in May,” said Dr Elena Moreau, who saw it. “Nobody came.\n\n“It leaked again in June.\n\n"
        "“Then it broke.”\n\nThe owner had no comment."
    )
    assert speech(text) == [
        ("Elena Moreau", "“The dam leaked in May,”"),
        ("Elena Moreau", "“Nobody came."),
        ("Elena Moreau", "“It leaked again in June."),
        ("Elena Moreau", "“Then it broke.”"),
    ]


def test_quotation_that_is_a_paragraph_belongs_to_the_speaker_before() -> None:
    text = "Elena Moreau said the dam had leaked for years.\n\n“We told them about it every single spring.”"
    assert speech(text)[-1] == ("Elena Moreau", "“We told them about it every single spring.”")


def test_heading_in_quotation_marks_is_no_further_quotation() -> None:
    text = "“The dam leaked,” Elena Moreau said.\n\n“Water Is Not the Enemy.”\n\nThe dam was built in 1931."
    assert speech(text) == [("Elena Moreau", "“The dam leaked,”")]
