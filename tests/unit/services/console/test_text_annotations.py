from __future__ import annotations

from uuid import UUID

import pytest

from services.console.text_annotations import AnnotatedText, paragraphs
from services.contracts import Pipeline, Result, instant

TEXT = "“No,” said Ida Berg 🚋.\n\nShe told Tom that Tom had said it."


def at(words: str, after: int = 0) -> dict[str, int]:
    start = TEXT.index(words, after)
    return {"start": start, "end": start + len(words)}


def result(text: str = TEXT, **found: object) -> Result:
    pipeline = Pipeline(version="test", model="test", analysed_at=instant(0))
    fields = {"job_id": UUID(int=1), "article_id": UUID(int=2), "language": "en", "pipeline": pipeline, "text": text}
    return Result.model_validate(fields | found)


BERG = {
    "id": "e1",
    "name": "Ida Berg",
    "type": "PERSON",
    "score": 0.9,
    "mentions": [at("Ida Berg") | {"form": "name"}, at("She") | {"form": "pronoun"}],
}
NESTED = {
    "entities": [BERG],
    "attributions": [
        {
            "id": "a1",
            "kind": "direct",
            "score": 0.9,
            "source": at("Ida Berg") | {"entity": "e1"},
            "cue": at("said") | {"lemma": "say", "act": "assert"},
            "content": [at("“No,”")],
        },
        {
            "id": "a2",
            "kind": "indirect",
            "score": 0.8,
            "source": at("She") | {"entity": "e1"},
            "cue": at("told") | {"lemma": "tell", "act": "assert"},
            "content": [at("that Tom had said it")],
        },
        {
            "id": "a3",
            "kind": "indirect",
            "score": 0.7,
            "source": at("Tom", TEXT.index("that")) | {"entity": None},
            "cue": at("had said") | {"lemma": "say", "act": "assert"},
            "content": [at("it", TEXT.index("had"))],
        },
    ],
    "stances": [
        {
            "id": "s1",
            "holder": "e1",
            "target": {"topic": "trams"},
            "stance": "oppose",
            "score": 0.7,
            "evidence": {"start": 0, "end": TEXT.index("\n")},
        }
    ],
}


@pytest.fixture
def nested() -> list[list[AnnotatedText]]:
    return paragraphs(result(**NESTED))


def piece(found: list[list[AnnotatedText]], text: str) -> AnnotatedText:
    return next(one for pieces in found for one in pieces if one.text == text)


def test_pieces_are_the_text_whatever_lies_over_it(nested: list[list[AnnotatedText]]) -> None:
    assert ["".join(one.text for one in pieces) for pieces in nested] == TEXT.split("\n\n")
    assert all(one.text for pieces in nested for one in pieces)


def test_marks_that_nest_are_all_told(nested: list[list[AnnotatedText]]) -> None:
    inner = piece(nested, "it")
    assert (inner.layers, inner.attributions, inner.depth) == (("content",), ("a2", "a3"), 2)
    assert piece(nested, "had said").layers == ("cue", "content")
    assert piece(nested, "Ida Berg").layers == ("source", "entity", "evidence")
    assert piece(nested, "Ida Berg").stances == ("s1",)


def test_offsets_count_code_points(nested: list[list[AnnotatedText]]) -> None:
    """The tram is one character here and two in a browser."""
    assert piece(nested, "She").entity == result(**NESTED).entities[0]


def test_each_statement_begins_once_where_its_first_words_stand(nested: list[list[AnnotatedText]]) -> None:
    begun = [(one.text, one.begins) for pieces in nested for one in pieces if one.begins]
    assert begun == [("“No,”", ("a1",)), ("She", ("a2",)), ("Tom", ("a3",))]


def test_a_pronoun_stands_for_its_name_and_a_name_for_nothing(nested: list[list[AnnotatedText]]) -> None:
    assert piece(nested, "She").stands_for == "Ida Berg"
    assert piece(nested, "Ida Berg").stands_for is None


def test_overlapping_marks_are_cut_where_they_cross() -> None:
    crossing = {
        "attributions": [
            {
                "id": "a1",
                "kind": "direct",
                "score": 1,
                "source": None,
                "cue": None,
                "content": [{"start": 0, "end": 6}],
            },
            {
                "id": "a2",
                "kind": "direct",
                "score": 1,
                "source": None,
                "cue": None,
                "content": [{"start": 4, "end": 10}],
            },
        ]
    }
    [pieces] = paragraphs(result("abcdefghijkl", **crossing))
    assert [(one.text, one.attributions, one.depth) for one in pieces] == [
        ("abcd", ("a1",), 1),
        ("ef", ("a1", "a2"), 2),
        ("ghij", ("a2",), 1),
        ("kl", (), 0),
    ]


def test_a_mark_over_paragraphs_goes_on_in_the_next() -> None:
    across = {
        "attributions": [
            {"id": "a1", "kind": "direct", "score": 1, "source": None, "cue": None, "content": [{"start": 2, "end": 8}]}
        ]
    }
    first, second = paragraphs(result("abcd\n\n\nefgh", **across))
    assert [(one.text, one.attributions) for one in first] == [("ab", ()), ("cd", ("a1",))]
    assert [(one.text, one.attributions) for one in second] == [("e", ("a1",)), ("fgh", ())]


def test_a_text_without_marks_is_one_piece_a_paragraph() -> None:
    assert [len(pieces) for pieces in paragraphs(result("One.\n\nTwo.\nStill two.\n\n"))] == [1, 1]
