"""Well-formed articles with hostile content: each must be analysed, or fail with a reason."""

from __future__ import annotations

from typing import Any, Final

from tests.hostile.markup import FRAGMENTS, PAGES
from tests.hostile.prose import PROSE
from tests.hostile.texts import NEWS, QUOTATION_MARKS, SPACING, UNICODE, Text, lettered, repeated

TEXTS: Final = QUOTATION_MARKS | SPACING | UNICODE | PROSE
MARKUP: Final = FRAGMENTS | PAGES
LARGE_CHARS: Final = 900_000  # under `limits.text_chars`
LARGE: Final[dict[str, Text]] = {
    "marks": repeated('"'),  # of one byte, as a million curly marks would exceed the limit of a request
    "sentence": repeated("the minister and the bank of the town "),
    "newlines": lambda size: "a" + "\n" * size + "b",
    "word": repeated("a"),
    "zero-width": lambda size: "\u200b" * (size // 3),
    "speech": lambda size: repeated("“No,” said Ann Lee. ")(size // 6),
    "names": lettered("{} {}, "),
    "pronouns": repeated("he said she told him they left. "),
    "quotation": lambda size: "“" + lettered("I met {} {} and he said no. ")(size - 400_000) + "” said Ana Ruiz.",
    "lines": repeated("No.\n\n"),
}


def _article(name: str, body: str, media_type: str = "text/plain") -> dict[str, Any]:
    return {"feed": "hostile", "guid": name, "language": "en", "body": body, "media_type": media_type}


def small(size: int) -> dict[str, dict[str, Any]]:
    """Return an article for each hostile text and markup, of about ``size`` characters after a news paragraph."""
    texts = {name: _article(name, NEWS + text(size)) for name, text in TEXTS.items()}
    bare = {
        f"bare-{name}": _article(f"bare-{name}", text(size // 10)) for name, text in (QUOTATION_MARKS | UNICODE).items()
    }
    titles = {
        f"title-{name}": _article(f"title-{name}", NEWS) | {"title": text(400)[:400]} for name, text in UNICODE.items()
    }
    pages = {name: _article(name, text(size), "text/html") for name, text in MARKUP.items()}
    return {name: body for name, body in (texts | bare | titles | pages).items() if body["body"].strip()}


def large() -> dict[str, dict[str, Any]]:
    """Return articles just below the limit of characters, one for each text of ``LARGE``."""
    return {f"large-{name}": large_article(name) for name in LARGE}


def large_article(name: str, size: int = LARGE_CHARS) -> dict[str, Any]:
    """Return the article of this text of ``LARGE``, of about ``size`` characters."""
    return _article(f"large-{name}", NEWS + LARGE[name](size - 1_000))
