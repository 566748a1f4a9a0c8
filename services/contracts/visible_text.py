"""The text of HTML without its markup, to tell and to measure what an article says; workers extract what is analysed.

Time is linear in any markup.
"""

from __future__ import annotations

import html
import re
from typing import Final

_UNSEEN: Final = re.compile(r"<(?:!--|(script|style|template|svg|title)\b[^<>]*>)", re.IGNORECASE)
_TAG: Final = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_COMMENT: Final = "!--"
_ENDS: Final = {_COMMENT: re.compile("-->")} | {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style", "template", "svg", "title")
}


def visible_text(markup: str) -> str:
    """Return the characters of ``markup`` outside of tags, comments, scripts, style sheets, drawings and its title.

    White space stays as it is. An element or a comment without an end hides nothing.
    """
    parts: list[str] = []
    position = start = 0
    endless: set[str] = set()
    while (opened := _UNSEEN.search(markup, start)) is not None:
        name = (opened[1] or _COMMENT).lower()
        closed = None if name in endless else _ENDS[name].search(markup, opened.end())
        if closed is None:
            endless.add(name)
            start = opened.end()
            continue
        parts.append(markup[position : opened.start()])
        position = start = closed.end()
    parts.append(markup[position:])
    return html.unescape(_TAG.sub(" ", " ".join(parts)))
