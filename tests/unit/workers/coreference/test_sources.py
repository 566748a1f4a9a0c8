from __future__ import annotations

import pytest

from services.contracts import EntityType
from workers.coreference.sources import SourceReader
from workers.doc.records import EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.entities import scores

_TYPES = {
    "Ostby": EntityType.LOCATION,
    "Velton Data": EntityType.ORGANIZATION,
    "Reef Institute": EntityType.ORGANIZATION,
}


def reader(text: str, *names: str) -> tuple[SourceReader, list[TokenSpan]]:
    """Return a reader of the text, in which sources are between | marks, and the sources."""
    words = text.split()
    sources: list[TokenSpan] = []
    kept: list[str] = []
    for word in words:
        if word == "|":
            if sources and sources[-1].end < 0:
                sources[-1] = TokenSpan(sources[-1].start, len(kept))
            else:
                sources.append(TokenSpan(len(kept), -1))
        else:
            kept.append(word)
    size = len(kept)
    tokens = Tokens(kept, [word.lower() for word in kept], [0] * size, [size] * size)
    spans, keys, entities = [], [], []
    for key, name in enumerate(names):
        kind = _TYPES.get(name, EntityType.PERSON)
        entities.append(EntityRecord(key, name, kind, scores.PRECISION[kind], frozenset(name.lower().split())))
        parts = name.split()
        for i in range(size):
            if kept[i : i + len(parts)] == parts:
                spans.append(TokenSpan(i, i + len(parts)))
                keys.append(key)
    order = sorted(range(len(spans)), key=spans.__getitem__)
    return SourceReader(tokens, entities, [spans[k] for k in order], [keys[k] for k in order]), sources


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("| Omar 's agency Velton Data | said", ("Omar", "Velton Data"), "Velton Data"),
        ("| the Ostby - based Reef Institute | said", ("Ostby", "Reef Institute"), "Reef Institute"),
        ("| Kemp senior adviser Ada Quill | said", ("Kemp", "Ada Quill"), "Ada Quill"),
        ("| her brother , finance minister Paul Moe , | said", ("Paul Moe",), "Paul Moe"),
        ("| Rail sales , data and staff head Ada Quill | said", ("Ada Quill",), "Ada Quill"),
        ("| a Reef Institute report | said", ("Reef Institute",), "Reef Institute"),
        ("| a survey in June by pollster Velton Data | said", ("Velton Data",), "Velton Data"),
        ("| the Kemp campaign | said", ("Kemp",), None),
        ("| a clerk of the port , which employed Kemp , | said", ("Kemp",), None),
        ("| Ada Quill KC , prosecuting , | said", ("Ada Quill",), "Ada Quill"),
    ],
    ids=[
        "name after its description",
        "after an adjective",
        "after a title and another name",
        "in apposition after a role",
        "after a list of duties",
        "issuer of a document",
        "issuer named by whom",
        "owner of a campaign",
        "in a relative clause",
        "with letters after it",
    ],
)
def test_source_refers_to_the_name_that_heads_it_or_issues_it(
    text: str, names: tuple[str, ...], expected: str | None
) -> None:
    sources, (source,) = reader(text, *names)

    assert sources.entity_of(source) == (None if expected is None else names.index(expected))


def test_the_report_alone_is_the_last_one_with_an_issuer() -> None:
    sources, (first, second) = reader("| a Reef Institute report | said so ; | the report | added", "Reef Institute")

    assert sources.entity_of(second) is None
    assert sources.entity_of(first) == 0
    assert sources.entity_of(second) == 0
