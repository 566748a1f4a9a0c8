from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from workers.training import annotation_faults as checker
from workers.training.annotated_articles import read_annotations
from workers.training.annotation_faults import annotation_faults, reading_faults

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "Ines Okoro opposes the harbour toll.\n\nShe called it a mistake, and the US agreed."


def _span(words: str) -> list[int]:
    start = TEXT.index(words)
    return [start, start + len(words)]


SOURCE = {"text": TEXT, "attributions": [{}]}
ANNOTATION: dict[str, Any] = {
    "entities": [
        {"id": "E1", "type": "PERSON", "mentions": [[*_span("Ines Okoro"), "name"], [*_span("She"), "pronoun"]]},
        {
            "id": "E2",
            "type": "ISSUE",
            "mentions": [[*_span("the harbour toll"), "description"], [*_span("it"), "pronoun"]],
        },
        {"id": "E3", "type": "ORG", "mentions": [[*_span("US"), "name"]]},
    ],
    "statements": [{"gold": 0, "speaker": "E1"}, {"content": _span("the US agreed"), "speaker": None}],
    "stances": [
        {"holder": "E1", "side": "oppose", "target": "E2", "evidence": _span("opposes the harbour toll")},
        {"holder": None, "side": "support", "target": "E1", "evidence": _span("the US agreed")},
    ],
}


def _faults(path: str, value: object) -> list[str]:
    """Return the faults of the annotation with a changed value, of which ``path`` has the keys, by dots."""
    annotation = copy.deepcopy(ANNOTATION)
    *keys, last = (int(key) if key.isdigit() else key for key in path.split("."))
    part: Any = annotation
    for key in keys:
        part = part[key]
    if last == "append":
        part.append(value)
    else:
        part[last] = value
    return annotation_faults(annotation, SOURCE)


def test_sound_annotation_has_no_faults() -> None:
    assert annotation_faults(ANNOTATION, SOURCE) == []


def test_content_of_a_statement_can_run_over_paragraphs() -> None:
    assert _faults("statements.1.content", [0, len(TEXT)]) == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("entities.1.id", "E3", "2 entities are called E3"),
        ("entities.0.type", "TEAM", "E1 has the unknown type TEAM"),
        ("entities.2.mentions", [], "E3 has no mention"),
        ("entities.0.mentions.0", [70, 200, "name"], "E1: mention 70 to 200 is outside the text"),
        ("entities.0.mentions.0", [0, 11, "name"], "E1: mention 0 to 11 begins or ends with a blank"),
        ("entities.0.mentions.0", [0, 8, "name"], "E1: mention 0 to 8 begins or ends inside a word"),
        ("entities.0.mentions.0", [1, 10, "name"], "E1: mention 1 to 10 begins or ends inside a word"),
        ("entities.0.mentions.0", [0, 41, "name"], "E1: mention 0 to 41 runs over the end of a paragraph"),
        ("entities.0.mentions.0", [0, 10, "title"], "E1: mention 0 to 10 has the unknown form title"),
        ("entities.0.mentions.0", [0, 10, "pronoun"], "E1: mention 0 to 10 is 'Ines Okoro', a pronoun"),
        ("entities.0.mentions.1.2", "description", "E1: mention 38 to 41 is 'She', a description"),
        ("entities.1.mentions.0.2", "name", "E2: mention 19 to 35 is 'the harbour toll', a name without a capital"),
        ("entities.0.mentions.append", [0, 10, "name"], "E1 and E1 have the same mention, 0 to 10"),
        ("entities.2.mentions.append", [38, 41, "pronoun"], "E1 and E3 have the same mention, 38 to 41"),
        ("entities.2.mentions.append", [5, 18, "description"], "E1 and E3 have mentions that cross at 5"),
        ("statements.0.speaker", "E9", "statement 0 has the unknown speaker E9"),
        ("statements.0.gold", 1, "attribution 0 has 0 statements"),
        ("statements.0.gold", 1, "a statement is about attribution 1, which the corpus lacks"),
        ("statements.append", {"gold": 0, "speaker": None}, "attribution 0 has 2 statements"),
        ("statements.1.content", [80, 70], "statement 1: content is outside the text"),
        ("stances.0.holder", "E9", "stance 0 has the unknown holder E9"),
        ("stances.0.target", "E9", "stance 0 has the unknown target E9"),
        ("stances.0.target", None, "stance 0 has the unknown target None"),
        ("stances.0.target", "E1", "stance 0 has its holder as target"),
        ("stances.0.side", "neutral", "stance 0 has the unknown side neutral"),
        ("stances.0.evidence", [11, 18], "stance 0: evidence is a single word"),
        ("stances.0.evidence", [0, 41], "stance 0: evidence runs over the end of a paragraph"),
        ("stances.append", ANNOTATION["stances"][0], "2 stances have E1, oppose, E2"),
    ],
)
def test_each_kind_of_fault_is_reported_in_words(path: str, value: object, fault: str) -> None:
    assert fault in _faults(path, value)


def test_nested_mentions_are_not_a_fault() -> None:
    assert _faults("entities.0.mentions.append", [*_span("harbour"), "description"]) == []


def test_command_lists_faults_and_fails_until_they_are_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "train.jsonl").write_text(json.dumps(SOURCE | {"id": "toll"}) + "\n", "utf-8")
    row = copy.deepcopy(ANNOTATION) | {"id": "toll", "corpus": "letters"}
    monkeypatch.setattr("workers.training.annotation_faults.read_annotations", lambda _: [row])
    monkeypatch.setattr("sys.argv", ["annotation_faults", "--corpora", str(tmp_path)])

    row["stances"][0]["side"] = "neutral"
    assert checker.main() == 1
    assert "articles.jsonl: toll: stance 0 has the unknown side neutral\n" in capsys.readouterr().out

    row["stances"][0]["side"] = "oppose"
    assert checker.main() == 0
    assert capsys.readouterr().out == "4 annotated articles without faults\n"


def test_gold_has_sound_ids_types_and_stances_without_its_texts() -> None:
    for annotation in read_annotations():
        names = [entity["id"] for entity in annotation["entities"]]
        assert len(names) == len(set(names)), annotation["id"]
        assert {entity["type"] for entity in annotation["entities"]} <= checker.TYPES, annotation["id"]
        assert {statement["speaker"] for statement in annotation["statements"]} <= {*names, None}, annotation["id"]
        for stance in annotation["stances"]:
            assert stance["holder"] in {*names, None}, annotation["id"]
            assert stance["target"] in names, annotation["id"]
            assert stance["holder"] != stance["target"], annotation["id"]


def test_readings_of_stances_are_checked_for_bounds_ids_and_passages() -> None:
    reading = {
        "entities": [{"id": "E1", "type": "PERSON", "mentions": [[0, 3, "name"], [4, 99, "name"]]}],
        "stances": [{"holder": "E1", "side": "oppose", "target": "E2", "passages": []}],
    }
    assert reading_faults(reading, "Ann Lee spoke.") == [
        "E1: mention is outside the text",
        "stance 0 has no passage",
        "stance 0 has the unknown target E2",
    ]
