from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from services.cli.render import render_result
from services.contracts import Result
from tests.support import paths

RESULT = Result.model_validate(json.loads((paths.GOLDEN / "result-1.json").read_text(encoding="utf-8")))


def rendered(result: Result, title: str | None = None, *, color: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=200,
        highlight=False,
        force_terminal=color,
        color_system="truecolor" if color else None,
    )
    render_result(result, console, title)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_attributions_positions_and_warnings_are_printed() -> None:
    lines = rendered(RESULT).splitlines()
    assert lines[0] == "Harbour fees"
    assert lines[1] == "  Ilse Brandt (Mayor Ilse Brandt) said [demand, mixed] the “absurd” fees 🙂 must go  0.94"
    assert lines[2] == "  ? … [direct] absurd … must go  0.50"
    assert lines[3] == "  ⇒ Ilse Brandt both supports and opposes Port Union  0.60  (2 stances)"
    assert lines[4] == "      supports: She thanked Port Union.  0.80"
    assert lines[5] == "      opposes: She thanked  0.60"
    assert lines[6] == "  ⇒ the article opposes port-fees  0.55"
    assert lines[7] == "  ! a quotation mark is never closed (quotation_unbalanced)"
    assert len(lines) == 8


def test_positions_of_an_older_result_are_computed() -> None:
    assert rendered(RESULT.model_copy(update={"positions": ()})) == rendered(RESULT)


def test_result_without_attributions_says_so() -> None:
    empty = RESULT.model_copy(update={"attributions": (), "stances": (), "positions": (), "warnings": ()})
    assert rendered(empty, "A title").splitlines() == ["A title", "  no attributed speech"]


@pytest.mark.parametrize("text", ["[bold red]said[/] [link=http://x]no[/link] [/nothing]", ":smile: {0} %s"])
def test_markup_of_rich_is_printed_literally(text: str) -> None:
    extent = {"start": 0, "end": len(text)}
    attribution = {"id": "a", "kind": "direct", "score": 1, "source": None, "cue": None, "content": [extent]}
    document = json.loads(RESULT.model_dump_json()) | {
        "text": text,
        "attributions": [attribution],
        "stances": [],
        "positions": [],
        "entities": [],
    }
    assert rendered(Result.model_validate(document)).count(text) == 2


def test_control_characters_are_replaced() -> None:
    text = "He said \x1b]0;mine\x07 and \x9b31m no."
    extent = {"start": 0, "end": len(text)}
    attribution = {"id": "a", "kind": "direct", "score": 1, "source": extent, "cue": None, "content": [extent]}
    warning = {"code": "w", "detail": "quoted \x1b[2J"}
    document = json.loads(RESULT.model_dump_json()) | {
        "text": text,
        "attributions": [attribution],
        "warnings": [warning],
    }
    printed = rendered(Result.model_validate(document | {"stances": [], "positions": [], "entities": []}))
    assert "mine" in printed
    assert not set(printed) & set(map(chr, (*range(10), *range(11, 32), *range(127, 160))))


def test_long_quotation_is_cut_at_a_word() -> None:
    text = "word " * 200
    attribution = {
        "id": "a",
        "kind": "direct",
        "score": 1,
        "source": None,
        "cue": None,
        "content": [{"start": 0, "end": 999}],
    }
    document = json.loads(RESULT.model_dump_json()) | {
        "text": text,
        "attributions": [attribution],
        "stances": [],
        "positions": [],
        "entities": [],
    }
    printed = rendered(Result.model_validate(document), "T")
    assert "word …" in printed
    assert printed.count("word") < 60


def test_colours_are_used_only_on_a_terminal() -> None:
    assert "\x1b[1;33m both supports and opposes" in rendered(RESULT, color=True)
    assert "\x1b[1;32msupports" in rendered(RESULT, color=True)
    assert "\x1b[1;31m opposes" in rendered(RESULT, color=True)
    assert "\x1b" not in rendered(RESULT)
