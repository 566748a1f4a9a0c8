"""A result for people: speaker, cue, quotation, stance."""

from __future__ import annotations

import re
from typing import Final

from rich.console import Console
from rich.text import Text

from services.contracts import Attribution, Extent, Result, StanceLabel

_QUOTE_MAX = 240
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")  # an article must not talk to the terminal
_STANCE_STYLE = {StanceLabel.SUPPORT: "bold green", StanceLabel.OPPOSE: "bold red"}
_STANCE_VERB = {StanceLabel.SUPPORT: "supports", StanceLabel.OPPOSE: "opposes"}


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
    for stance in result.stances:
        holder = names[stance.holder] if stance.holder else "the article"
        target = names[stance.target.entity] if stance.target.entity else stance.target.topic
        console.print(
            Text.assemble(
                ("  ⇒ ", "dim"),
                (holder, "bold cyan"),
                (f" {_STANCE_VERB[stance.stance]} ", _STANCE_STYLE[stance.stance]),
                (str(target), "bold"),
                (f"  {stance.score:.2f}", "dim"),
            )
        )
    for warning in result.warnings:
        console.print(Text(_shown(f"  ! {warning.detail} ({warning.code})"), style="yellow"))


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
