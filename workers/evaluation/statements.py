"""Scores of statements: whether an attribution has the bounds of an annotated statement and its speaker.

The gold joins a quotation that goes on after "she said" to the statement before it, while the pipeline gives it as an
attribution of its own, which follows the first. Such an attribution can be right by a part of the statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spacy.tokens import Doc

    from workers.doc.records import AttributionRecord, TokenSpan

Row = dict[str, Any]
Span = tuple[int, int]
# A statement has the right bounds if at least this share of the characters of either content is shared.
MIN_CONTENT_OVERLAP: Final = 0.8


class Given(NamedTuple):
    """An attribution of the pipeline: its content in characters, and the gold speakers that it agrees with.

    ``is_part`` says that it follows another attribution, or another follows it.
    """

    content: Sequence[Span]
    speakers: frozenset[str | None]
    is_part: bool


class Judgement(NamedTuple):
    """Whether the content of an attribution is right, and whether its speaker is right as well."""

    content: bool
    content_and_speaker: bool


def given_statements(doc: Doc, alignment: Mapping[int, str], unnamed: Mapping[int, str]) -> list[Given]:
    """Return the attributions of a document.

    ``alignment`` has the gold entity of each entity. An attribution without one agrees with a gold speaker that is
    null or, by ``unnamed``, with an entity without a name whose description ends where the source ends.
    """

    def end_of(span: TokenSpan) -> int:
        return doc[span.end - 1].idx + len(doc[span.end - 1])

    def speakers(attribution: AttributionRecord) -> frozenset[str | None]:
        if attribution.speaker is not None:
            return frozenset({alignment.get(attribution.speaker, f"other {attribution.speaker}")})
        return frozenset({None, None if attribution.source is None else unnamed.get(end_of(attribution.source))})

    attributions: list[AttributionRecord] = doc._.attributions
    followed = {attribution.follows for attribution in attributions}
    return [
        Given(
            [(doc[part.start].idx, end_of(part)) for part in attribution.content],
            speakers(attribution),
            attribution.follows is not None or number in followed,
        )
        for number, attribution in enumerate(attributions)
    ]


def whole_statements(statements: Iterable[Row], given: Sequence[Given]) -> dict[int, Row]:
    """Return the statement of each attribution that has its speaker and its content, by the attribution's index."""
    matches: dict[int, Row] = {}
    for statement in statements:
        content = _spans(statement)
        for number, each in enumerate(given):
            if number in matches or statement["speaker"] not in each.speakers:
                continue
            if overlap(content, each.content) >= MIN_CONTENT_OVERLAP:
                matches[number] = statement
                break
    return matches


def judge(statements: Sequence[Row], given: Sequence[Given]) -> list[Judgement]:
    """Return whether content and speaker of each attribution are right: of a statement, or of whole parts of one."""
    right = _right(statements, given)
    speakers = frozenset(statement["speaker"] for statement in statements)
    contents = _right(statements, [each._replace(speakers=speakers) for each in given])
    return [Judgement(number in right or number in contents, number in right) for number in range(len(given))]


def _right(statements: Sequence[Row], given: Sequence[Given]) -> set[int]:
    right = set(whole_statements(statements, given))
    for statement in statements:
        content = _spans(statement)
        for number, each in enumerate(given):
            if number in right or not each.is_part or statement["speaker"] not in each.speakers:
                continue
            parts = [part for part in content if any(part[0] < end and start < part[1] for start, end in each.content)]
            if overlap(parts, each.content) >= MIN_CONTENT_OVERLAP:
                right.add(number)
    return right


def overlap(a: Sequence[Span], b: Sequence[Span]) -> float:
    """Return the smaller of the shares of two contents that both have."""
    characters_a = {i for start, end in a for i in range(start, end)}
    characters_b = {i for start, end in b for i in range(start, end)}
    shared = len(characters_a & characters_b)
    return shared / max(len(characters_a), len(characters_b), 1)


def _spans(statement: Row) -> list[Span]:
    return [(start, end) for start, end in statement["content"]]
