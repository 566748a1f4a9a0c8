"""A result for people: speaker, cue, quotation, stance."""

from __future__ import annotations

import re
from typing import Final

from rich.console import Console
from rich.text import Text

from services.contracts import Attribution, Extent, Position, Result, Side, Stance, merge_positions

_QUOTE_MAX = 240
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")  # an article must not talk to the terminal
_STYLE: Final = {Side.SUPPORT: "bold green", Side.OPPOSE: "bold red", Side.MIXED: "bold yellow"}
_VERB: Final = {Side.SUPPORT: "supports", Side.OPPOSE: "opposes", Side.MIXED: "both supports and opposes"}


def render_result(result: Result, console: Console, title: str | None = None) -> None:
    """Print who said what, and where they stand. Only the article's own characters are shown, never its markup.

    Control characters, which a terminal would obey, are shown as U+FFFD.
    """
    names = {entity.id: _shown(entity.name) for entity in result.entities}
    console.print(Text(_shown(title or result.text.split("\n", 1)[0]), style="bold underline"))
    for attribution in result.attributions:
        console.print(_line(result, attribution, names))
    if not result.attributions:
        console.print(Text("  no attributed speech", style="dim"))
    stances = {stance.id: stance for stance in result.stances}
    for position in result.positions or merge_positions(result.stances):  # results of before hold none
        console.print(_stand(position, names))
        for stance in (stances[name] for name in position.stances) if position.stance is Side.MIXED else ():
            console.print(_proof(result, stance))
    for warning in result.warnings:
        console.print(Text(_shown(f"  ! {warning.detail} ({warning.code})"), style="yellow"))


def _stand(position: Position, names: dict[str, str]) -> Text:
    holder = names[position.holder] if position.holder else "the article"
    target = names[position.target.entity] if position.target.entity else _shown(position.target.topic or "")
    return Text.assemble(
        ("  ⇒ ", "dim"),
        (holder, "bold cyan"),
        (f" {_VERB[position.stance]} ", _STYLE[position.stance]),
        (target, "bold"),
        (f"  {position.score:.2f}", "dim"),
        (f"  ({len(position.stances)} stances)" if len(position.stances) > 1 else "", "dim"),
    )


def _proof(result: Result, stance: Stance) -> Text:
    side = Side(stance.stance)
    return Text.assemble(
        "      ",
        (_VERB[side], _STYLE[side]),
        ": ",
        (_shorten(_cut(result, stance.evidence)), "italic"),
        (f"  {stance.score:.2f}", "dim"),
    )


def _line(result: Result, attribution: Attribution, names: dict[str, str]) -> Text:
    source, cue = attribution.source, attribution.cue
    words = _cut(result, source) if source else "?"
    speaker = names[source.entity] if source and source.entity else words
    known_as = f" ({words})" if source and source.entity and words.lower() not in speaker.lower() else ""
    quote = _shorten(" … ".join(_cut(result, part) for part in attribution.content))
    return Text.assemble(
        "  ",
        (speaker, "bold cyan"),
        (known_as, "dim cyan"),
        (f" {_cut(result, cue)} " if cue else " … ", "magenta"),
        (f"[{cue.act}, {attribution.kind}] " if cue else f"[{attribution.kind}] ", "dim"),
        (quote, "italic"),
        (f"  {attribution.score:.2f}", "dim"),
    )


def _cut(result: Result, extent: Extent) -> str:
    return _shown(" ".join(result.text[extent.start : extent.end].split()))


def _shown(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _shorten(text: str) -> str:
    return text if len(text) <= _QUOTE_MAX else text[: _QUOTE_MAX - 1].rsplit(" ", 1)[0] + " …"
