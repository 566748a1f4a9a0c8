"""Plain text: one article, whose first line may be its title."""

from __future__ import annotations

import hashlib
from typing import Final

from services.contracts import Article
from services.ingest.formats.document import Document
from services.ingest.formats.encodings import decode_text
from services.ingest.formats.feed_format import Contents, FeedFormat, ParsedArticle, ParseOptions, Record, Syntax

_TITLE_CHARS: Final = 200
_SENTENCE_ENDS: Final = (".", "!", "?", ",", ";", ":")


def content_guid(text: str) -> str:
    """Return the GUID of a text without one: ``sha256:`` and the SHA-256 of its UTF-8 bytes, in hex."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def split_title(text: str) -> tuple[str | None, str]:
    """Return title and body. The title is None, and the body all of the text, if the first line is not a title.

    The first line is a title if it has at most 200 characters, does not end like a sentence, and text follows.
    """
    first_line, _, rest = text.strip("\n").partition("\n")
    title = first_line.strip()
    is_title = 0 < len(title) <= _TITLE_CHARS and rest.strip() and not title.endswith(_SENTENCE_ENDS)
    return (title, rest.strip("\n")) if is_title else (None, text)


def _sniff(document: Document) -> bool:
    """Accept any document: plain text is the format of last resort."""
    del document
    return True


def _split(document: Document, options: ParseOptions) -> Contents:
    del options
    return Contents([Record(1, decode_text(document.content, document.charset))], is_container=False)


def _parse(text: str, options: ParseOptions) -> ParsedArticle:
    title, body = split_title(text)
    fields = {"guid": content_guid(text), "title": title, "body": body}
    return ParsedArticle(Article.model_validate(options.defaults() | fields))


PLAIN_TEXT: Final = FeedFormat(
    name="plain text",
    content_types=("text/plain",),
    suffixes=(".txt",),
    syntax=Syntax.TEXT,
    unit="",
    sniff=_sniff,
    split=_split,
    parse=_parse,
)
