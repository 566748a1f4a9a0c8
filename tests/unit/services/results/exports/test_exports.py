"""Every span of a result in every export has the text that it has in the result."""

from __future__ import annotations

import json
from typing import Any

import pytest
import spacy
from spacy import displacy as visualiser
from spacy.tokens import DocBin

from services.contracts import Result
from services.results.exports import conllu, docbin
from services.results.exports.displacy import displacy
from services.results.exports.layers import labelled
from services.results.exports.offsets import with_utf16_offsets
from services.results.exports.tokens import sentences, tokens_of
from services.results.exports.web_annotations import annotation_page
from tests.support import paths


@pytest.fixture(scope="module")
def result() -> Result:
    document = json.loads((paths.GOLDEN / "result-1.json").read_text(encoding="utf-8"))
    return Result.model_validate(document)


def spans_of(result: Result, layer: str) -> list[str]:
    return [result.text[span.extent.start : span.extent.end] for span in labelled(result) if span.layer == layer]


def utf16(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def test_utf16_offsets_mark_the_same_text_and_leave_metadata_alone(result: Result) -> None:
    document = json.loads(result.model_dump_json())
    document["metadata"] = {"start": 90, "end": 95}
    converted = with_utf16_offsets(document)
    assert converted["metadata"] == document["metadata"]

    def compare(before: Any, after: Any) -> int:
        if isinstance(before, list):
            return sum(map(compare, before, after))
        if not isinstance(before, dict):
            return 0
        if "start" in before:
            assert utf16(result.text, after["start"], after["end"]) == result.text[before["start"] : before["end"]]
        return ("start" in before) + sum(compare(before[name], after[name]) for name in before if name != "metadata")

    assert compare(document, converted) > 5
    assert document != converted
    assert with_utf16_offsets({"text": "é", "start": 1, "end": 1}) == {"text": "é", "start": 1, "end": 1}


def test_annotations_quote_what_they_point_at(result: Result) -> None:
    page = annotation_page(result)
    assert page["@context"][0] == "http://www.w3.org/ns/anno.jsonld"
    assert len(page["items"]) == len(result.entities) + len(result.attributions) + len(result.stances)
    for item in page["items"]:
        assert item["motivation"] in {"identifying", "describing", "assessing"}
        for target in item["target"]:
            position, quote = target["selector"]
            assert target["source"] == "https://news.example/harbour-fees"
            around = quote["prefix"] + quote["exact"] + quote["suffix"]
            assert result.text[position["start"] : position["end"]] == quote["exact"]
            assert around in result.text


def test_displacy_renders_the_answer(result: Result) -> None:
    answer = displacy(result)
    assert [answer["text"][ent["start"] : ent["end"]] for ent in answer["ents"]] == spans_of(result, "entities")
    assert "Ilse Brandt" in visualiser.render(answer, style="ent", manual=True, jupyter=False)
    assert "Ilse" in visualiser.render(answer, style="span", manual=True, jupyter=False)


def test_conllu_has_a_line_for_each_word_with_its_offsets_and_tags(result: Result) -> None:
    document = conllu.conllu(result)
    columns = document.splitlines()[0].removeprefix("# global.columns = ").split()
    rows = [line.split("\t") for line in document.splitlines() if line and not line.startswith("#")]
    assert {len(row) for row in rows} == {len(columns)}
    for row in rows:
        start, end = map(int, row[2].split(":"))
        assert result.text[start:end] == row[1]
    [first, *_] = [row for row in rows if row[1] == "Ilse"]
    assert first[columns.index("STANCEWIRE:ENTITIES")] == "B-e1:PERSON"
    assert any(row[columns.index("STANCEWIRE:CUES")].startswith("B-a1:") for row in rows)
    assert document.count("# sent_id") == 3


def test_docbin_has_the_spans_of_every_layer(result: Result) -> None:
    [doc] = DocBin().from_bytes(docbin.docbin(result)).get_docs(spacy.blank("en").vocab)
    assert doc.text == result.text
    assert [ent.text for ent in doc.ents] == spans_of(result, "entities")
    for layer in ("sources", "cues", "stances"):
        assert [span.text for span in doc.spans[layer]] == spans_of(result, layer), layer
    assert doc.spans["cues"][0].id_ == "a1"
    assert doc.user_data["job_id"] == str(result.job_id)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She left. He stayed.", ["She left .", "He stayed ."]),
        ("Title\n\nIt is 3.5 m. Done", ["Title", "It is 3.5 m .", "Done"]),
        ("“No.” He said U.S. troops left", ["“ No . ”", "He said U.S . troops left"]),
        ("", []),
    ],
)
def test_sentences_end_at_lines_and_before_capitals(text: str, expected: list[str]) -> None:
    tokens = tokens_of(text)
    assert [" ".join(tokens[index].text for index in words) for words in sentences(text, tokens)] == expected
