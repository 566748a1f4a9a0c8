"""The runbook as a page, so that what is wrong leads to what to do: ``docs/runbook.md``, which the wheel carries along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from markdown_it import MarkdownIt
from markdown_it.token import Token
from starlette.responses import Response

from services.console.error_pages import PageRoute
from services.console.page_context import Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)

# In the wheel, and in a checkout.
_PLACES: Final = (Path(__file__).parents[1] / "runbook.md", Path(__file__).parents[3] / "docs/runbook.md")


@router.get("/runbook")
def runbook(context: Visit) -> Response:
    """What each alert means, where to look, what to do."""
    sections, html = rendered()
    return context.show("runbook.html", sections=sections, html=html)


@cache
def rendered() -> tuple[tuple[tuple[str, str], ...], str]:
    """The sections (anchor, title), and the whole as HTML without its first heading, which is the page's own."""
    text = next(place for place in _PLACES if place.exists()).read_text(encoding="utf-8")
    markdown = MarkdownIt("js-default")  # no HTML from the text
    tokens = markdown.parse(text.partition("\n")[2])
    sections = []
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            title = tokens[number + 1].content
            token.attrSet("id", anchor(title))
            sections.append((anchor(title), title))
        token.children = list(_within(token.children)) if token.children else token.children
    return tuple(sections), str(markdown.renderer.render(tokens, markdown.options, {}))


def anchor(title: str) -> str:
    """The fragment under which a heading is found, here and where the file is shown as a page elsewhere."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _within(tokens: Iterable[Token]) -> Iterator[Token]:
    """Without links to other files, which lead nowhere from here: their words stay."""
    elsewhere = False
    for token in tokens:
        if token.type == "link_open":
            elsewhere = not str(token.attrGet("href")).startswith("#")
        if not (elsewhere and token.type in {"link_open", "link_close"}):
            yield token
