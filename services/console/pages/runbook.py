"""The runbook (``docs/runbook.md``) as a page, so that health messages and alerts can link to its sections."""

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
from services.console.page_context import ReaderPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)

# In an installed wheel, and in a checkout.
_PATHS: Final = (Path(__file__).parents[1] / "runbook.md", Path(__file__).parents[3] / "docs/runbook.md")


@router.get("/runbook")
def show_runbook(context: ReaderPage) -> Response:
    """Show what each alert means, where to look and what to do."""
    sections, html = rendered_runbook()
    return context.render("runbook.html", sections=sections, html=html)


@cache
def rendered_runbook() -> tuple[tuple[tuple[str, str], ...], str]:
    """Return the sections (anchor, title), and the text as HTML without its first heading, which the template has."""
    text = next(path for path in _PATHS if path.exists()).read_text(encoding="utf-8")
    markdown = MarkdownIt("js-default")  # this preset escapes HTML in the text
    tokens = markdown.parse(text.partition("\n")[2])
    sections = []
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            title = tokens[index + 1].content
            token.attrSet("id", section_anchor(title))
            sections.append((section_anchor(title), title))
        token.children = list(_without_external_links(token.children)) if token.children else token.children
    return tuple(sections), str(markdown.renderer.render(tokens, markdown.options, {}))


def section_anchor(title: str) -> str:
    """Return the fragment of a heading, the same as on GitHub and on the documentation site."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _without_external_links(tokens: Iterable[Token]) -> Iterator[Token]:
    """Drop links to other files, which do not exist on the console, but keep their text."""
    is_external = False
    for token in tokens:
        if token.type == "link_open":
            is_external = not str(token.attrGet("href")).startswith("#")
        if not (is_external and token.type in {"link_open", "link_close"}):
            yield token
