"""A document as a sender pushed it: its bytes, and the media type and encoding that the sender declared."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from functools import cached_property
from typing import Any, Final

from pydantic_core import from_json

from services.ingest.formats.encodings import decode_marked
from services.ingest.formats.feed_format import FormatError

_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([^\s"';]{1,40})""", re.IGNORECASE)
# White space, comments, processing instructions and a document type declaration may stand before the root element.
_PROLOG_CHARS: Final = 100_000
_PROLOG: Final = re.compile(
    r"""(?:\s+|<!--(?:(?!-->).)*-->|<\?(?:(?!\?>).)*\?>|<!DOCTYPE[^\[>"']*(?:"[^"]*"[^\[>"']*|'[^']*'[^\[>"']*)*(?:\[[^\]]*\]\s*)?>)*""",
    re.DOTALL | re.IGNORECASE,
)
_ROOT: Final = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)(?=[\s/>])")


class Document:
    """A document and the ``Content-Type`` that it was sent with.

    ``media_type`` is in lower case and empty if none was sent; ``charset`` is its parameter, or None. The properties
    parse at most once.
    """

    def __init__(self, content: bytes, content_type: str = "") -> None:
        """Keep the bytes, and take the header apart."""
        self.content = content
        self.media_type = content_type.partition(";")[0].strip().lower()
        charset = _CHARSET.search(content_type)
        self.charset = charset[1] if charset else None

    @cached_property
    def is_json(self) -> bool:
        """Whether the document begins like a JSON object or array."""
        return self.content.removeprefix(BOM_UTF8).lstrip()[:1] in {b"{", b"["}

    @cached_property
    def json_value(self) -> Any:
        """The value of a JSON document, nested at most 200 levels deep. Raises `FormatError`."""
        return parse_json(self.content.removeprefix(BOM_UTF8))

    def is_json_text(self) -> bool:
        """Return whether the document as a whole is valid JSON."""
        try:
            return self.is_json and self.json_value is not None
        except FormatError:
            return False

    def json_object(self) -> dict[str, Any]:
        """Return the object that a JSON document consists of; an empty one if it is not an object."""
        if not self.is_json_text():
            return {}
        value = self.json_value
        return value if isinstance(value, dict) else {}

    @cached_property
    def root(self) -> str:
        """The local name of the root element of an XML or HTML document, as written; empty for other documents."""
        text = decode_marked(self.content[: 2 * _PROLOG_CHARS])[:_PROLOG_CHARS]
        if not text.lstrip().startswith("<"):
            return ""
        match = _ROOT.match(text, _end(_PROLOG, text))
        return match[1] if match else ""


def parse_json(text: bytes) -> Any:
    """Return the value of a JSON text, nested at most 200 levels deep. Raises `FormatError`."""
    try:
        return from_json(text)
    except ValueError as error:
        raise FormatError.syntax(f"not valid JSON: {error}") from error


def _end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0
