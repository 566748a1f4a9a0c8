from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from services.commands.render import render_result
from services.contracts import Result

GOLDEN = Path(__file__).parents[2] / "golden" / "result-1.json"


def shown(result: Result, title: str | None = None) -> str:
    output = io.StringIO()
    render_result(result, Console(file=output, width=200, highlight=False), title)
    return output.getvalue()


def test_it_shows_speaker_cue_quotation_and_stance() -> None:
    result = Result.model_validate_json(GOLDEN.read_text(encoding="utf-8"))
    page = shown(result)
    names = {entity.id: entity.name for entity in result.entities}
    for attribution in result.attributions:
        for part in attribution.content:
            assert " ".join(result.text[part.start : part.end].split())[:100] in " ".join(page.split())
        if attribution.source and attribution.source.entity:
            assert names[attribution.source.entity] in page
        if attribution.cue:
            assert result.text[attribution.cue.start : attribution.cue.end] in page
    assert ("supports" in page or "opposes" in page) == bool(result.stances)


def test_markup_in_an_article_is_shown_and_not_obeyed() -> None:
    document = json.loads(GOLDEN.read_text(encoding="utf-8")) | {"entities": [], "attributions": [], "stances": []}
    page = shown(Result.model_validate(document), "[bold red]Sale[/] and \x1b]0;title\x07")
    assert "[bold red]Sale[/]" in page
    assert "no attributed speech" in page


def test_warnings_are_shown() -> None:
    document = json.loads(GOLDEN.read_text(encoding="utf-8"))
    document |= {"warnings": [{"code": "no_speech_found", "detail": "Nothing was said."}]}
    assert "Nothing was said. (no_speech_found)" in shown(Result.model_validate(document))
