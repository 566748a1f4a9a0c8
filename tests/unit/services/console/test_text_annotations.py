from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.console.text_annotations import TextSegment, annotated_paragraphs
from services.contracts import Pipeline, Result, instant

TEXT = "“No,” said Ida Berg 🚋.\n\nShe told Tom that Tom had said it."


def span(words: str, after: int = 0) -> dict[str, int]:
    start = TEXT.index(words, after)
    return {"start": start, "end": start + len(words)}


def result(text: str = TEXT, **annotations: object) -> Result:
    pipeline = Pipeline(version="test", model="test", analysed_at=instant(0))
    fields = {"job_id": UUID(int=1), "article_id": UUID(int=2), "language": "en", "pipeline": pipeline, "text": text}
    return Result.model_validate(fields | annotations)


BERG = {
    "id": "e1",
    "name": "Ida Berg",
    "type": "PERSON",
    "score": 0.9,
    "mentions": [span("Ida Berg") | {"form": "name"}, span("She") | {"form": "pronoun"}],
}
NESTED: dict[str, Any] = {
    "entities": [BERG],
    "attributions": [
        {
            "id": "a1",
            "kind": "direct",
            "score": 0.9,
            "source": span("Ida Berg") | {"entity": "e1"},
            "cue": span("said") | {"lemma": "say", "act": "assert"},
            "content": [span("“No,”")],
        },
        {
            "id": "a2",
            "kind": "indirect",
            "score": 0.8,
            "source": span("She") | {"entity": "e1"},
            "cue": span("told") | {"lemma": "tell", "act": "assert"},
            "content": [span("that Tom had said it")],
        },
        {
            "id": "a3",
            "kind": "indirect",
            "score": 0.7,
            "source": span("Tom", TEXT.index("that")) | {"entity": None},
            "cue": span("had said") | {"lemma": "say", "act": "assert"},
            "content": [span("it", TEXT.index("had"))],
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
def nested() -> list[list[TextSegment]]:
    return annotated_paragraphs(result(**NESTED))


def segment(paragraphs: list[list[TextSegment]], text: str) -> TextSegment:
    return next(item for segments in paragraphs for item in segments if item.text == text)


def test_segments_join_to_the_text(nested: list[list[TextSegment]]) -> None:
    assert ["".join(segment.text for segment in segments) for segments in nested] == TEXT.split("\n\n")
    assert all(segment.text for segments in nested for segment in segments)


def test_nested_annotations_are_all_listed(nested: list[list[TextSegment]]) -> None:
    inner = segment(nested, "it")
    assert (inner.layers, inner.attributions, inner.depth) == (("content",), ("a2", "a3"), 2)
    assert segment(nested, "had said").layers == ("cue", "content")
    assert segment(nested, "Ida Berg").layers == ("source", "entity", "evidence")
    assert segment(nested, "Ida Berg").stances == ("s1",)


def test_offsets_count_code_points(nested: list[list[TextSegment]]) -> None:
    """The tram emoji is one code point, and two UTF-16 units in a browser."""
    assert segment(nested, "She").entity == result(**NESTED).entities[0]


def test_each_attribution_begins_at_its_first_segment_only(nested: list[list[TextSegment]]) -> None:
    begun = [(segment.text, segment.begins) for segments in nested for segment in segments if segment.begins]
    assert begun == [("“No,”", ("a1",)), ("She", ("a2",)), ("Tom", ("a3",))]


def test_pronoun_stands_for_its_entity_and_name_does_not(nested: list[list[TextSegment]]) -> None:
    assert segment(nested, "She").stands_for == "Ida Berg"
    assert segment(nested, "Ida Berg").stands_for is None


def test_overlapping_annotations_are_cut_at_their_edges() -> None:
    overlapping = {
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
    [segments] = annotated_paragraphs(result("abcdefghijkl", **overlapping))
    assert [(segment.text, segment.attributions, segment.depth) for segment in segments] == [
        ("abcd", ("a1",), 1),
        ("ef", ("a1", "a2"), 2),
        ("ghij", ("a2",), 1),
        ("kl", (), 0),
    ]


def test_annotation_across_paragraphs_continues_in_the_next() -> None:
    across = {
        "attributions": [
            {"id": "a1", "kind": "direct", "score": 1, "source": None, "cue": None, "content": [{"start": 2, "end": 8}]}
        ]
    }
    first, second = annotated_paragraphs(result("abcd\n\n\nefgh", **across))
    assert [(segment.text, segment.attributions) for segment in first] == [("ab", ()), ("cd", ("a1",))]
    assert [(segment.text, segment.attributions) for segment in second] == [("e", ("a1",)), ("fgh", ())]


def test_text_without_annotations_is_one_segment_per_paragraph() -> None:
    assert [len(segments) for segments in annotated_paragraphs(result("One.\n\nTwo.\nStill two.\n\n"))] == [1, 1]
