"""Print a result for people: attributions and positions."""

from __future__ import annotations

import re
from typing import Final

from rich.console import Console
from rich.text import Text

from services.contracts import Attribution, Extent, Position, Result, Side, Stance, merge_positions

_QUOTATION_CHARS: Final = 240
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")  # a terminal would obey these characters of an article
_STYLE: Final = {Side.SUPPORT: "bold green", Side.OPPOSE: "bold red", Side.MIXED: "bold yellow"}
_VERB: Final = {Side.SUPPORT: "supports", Side.OPPOSE: "opposes", Side.MIXED: "both supports and opposes"}


def render_result(result: Result, console: Console, title: str | None = None) -> None:
    """Print the attributions, positions and warnings of a result.

    Text of the article is printed literally, also where it looks like markup of Rich. Control characters, which a
    terminal would obey, are replaced by U+FFFD.
    """
    names = {entity.id: _printable(entity.name) for entity in result.entities}
    console.print(Text(_printable(title or result.text.split("\n", 1)[0]), style="bold underline"))
    for attribution in result.attributions:
        console.print(_attribution_line(result, attribution, names))
    if not result.attributions:
        console.print(Text("  no attributed speech", style="dim"))
    stances = {stance.id: stance for stance in result.stances}
    for position in result.positions or merge_positions(result.stances):  # older results have no positions
        console.print(_position_line(position, names))
        if position.stance is Side.MIXED:
            for stance_id in position.stances:
                console.print(_evidence_line(result, stances[stance_id]))
    for warning in result.warnings:
        console.print(Text(_printable(f"  ! {warning.detail} ({warning.code})"), style="yellow"))


def _position_line(position: Position, names: dict[str, str]) -> Text:
    holder = names[position.holder] if position.holder else "the article"
    target = names[position.target.entity] if position.target.entity else _printable(position.target.topic or "")
    return Text.assemble(
        ("  ⇒ ", "dim"),
        (holder, "bold cyan"),
        (f" {_VERB[position.stance]} ", _STYLE[position.stance]),
        (target, "bold"),
        (f"  {position.score:.2f}", "dim"),
        (f"  ({len(position.stances)} stances)" if len(position.stances) > 1 else "", "dim"),
    )


def _evidence_line(result: Result, stance: Stance) -> Text:
    side = Side(stance.stance)
    return Text.assemble(
        "      ",
        (_VERB[side], _STYLE[side]),
        ": ",
        (_shorten(_words(result, stance.evidence)), "italic"),
        (f"  {stance.score:.2f}", "dim"),
    )


def _attribution_line(result: Result, attribution: Attribution, names: dict[str, str]) -> Text:
    source, cue = attribution.source, attribution.cue
    source_words = _words(result, source) if source else "?"
    speaker = names[source.entity] if source and source.entity else source_words
    mention = f" ({source_words})" if source and source.entity and source_words.lower() not in speaker.lower() else ""
    quotation = _shorten(" … ".join(_words(result, part) for part in attribution.content))
    return Text.assemble(
        "  ",
        (speaker, "bold cyan"),
        (mention, "dim cyan"),
        (f" {_words(result, cue)} " if cue else " … ", "magenta"),
        (f"[{cue.act}, {attribution.kind}] " if cue else f"[{attribution.kind}] ", "dim"),
        (quotation, "italic"),
        (f"  {attribution.score:.2f}", "dim"),
    )


def _words(result: Result, extent: Extent) -> str:
    return _printable(" ".join(result.text[extent.start : extent.end].split()))


def _printable(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _shorten(text: str) -> str:
    return text if len(text) <= _QUOTATION_CHARS else text[: _QUOTATION_CHARS - 1].rsplit(" ", 1)[0] + " …"
