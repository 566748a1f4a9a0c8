"""HTML: a page or a fragment, with the schema.org article inside it, if there is one.

A worker extracts the text, since a hostile page can be stopped there. Only the article's metadata is read here; its
``articleBody`` becomes the text of a page that does not show it, as pages do that a script fills.
"""

from __future__ import annotations

import html
import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any, Final

from services.contracts import Article, MediaType, Warned
from services.ingest.formats.article_builder import ArticleBuilder, Body
from services.ingest.formats.document import Document
from services.ingest.formats.encodings import decode_markup
from services.ingest.formats.feed_format import Contents, FeedFormat, ParsedArticle, ParseOptions, Record, Syntax
from services.ingest.formats.plain_text import content_guid
from services.ingest.formats.schema_org import articles_in, builder_of

_MARKUP: Final = re.compile(rb"<(!doctype\s+html|!--|html|head|body|main|article|section|div|h1|p)\b", re.IGNORECASE)
_JSON_LD: Final = re.compile(
    r"""<script\b[^<>]{0,300}?\btype\s*=\s*["']?application/ld\+json\b[^<>]{0,300}>([^<]*(?:<(?!/script)[^<]*)*)</script""",
    re.IGNORECASE,
)
_INVISIBLE: Final = re.compile(r"<(script|style)\b[^<]*(?:<(?!/\1)[^<]*)*", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_WORD: Final = re.compile(r"\w+")
_BEGINNING_BYTES: Final = 1000
_BLOCKS_MAX: Final = 20  # blocks of JSON-LD that are read
_SHOWN_WORDS: Final = 5  # words in a row by which a text is recognised
_SAMPLES: Final = 20


def _sniff(document: Document) -> bool:
    beginning = document.content.removeprefix(BOM_UTF8).lstrip()[:_BEGINNING_BYTES]
    return document.root.lower() == "html" or _MARKUP.match(beginning) is not None


def _split(document: Document, options: ParseOptions) -> Contents:
    del options
    text, warnings = decode_markup(document.content, document.charset)
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")  # as browsers do
        detail = "NUL characters in the page were replaced by U+FFFD"
        warnings = (*warnings, Warned(code="characters_replaced", detail=detail))
    return Contents([Record(1, (text, warnings))], is_container=False)


def _parse(content: tuple[str, tuple[Warned, ...]], options: ParseOptions) -> ParsedArticle:
    text, warnings = content
    described = next(_json_ld_articles(text), None)
    if described is None:
        fields = {"guid": content_guid(text), "body": text, "media_type": MediaType.HTML}
        return ParsedArticle(Article.model_validate(options.defaults() | fields), warnings)
    builder = builder_of(described)
    builder.bodies = [_choose_body(text, builder)]
    builder.guid = builder.guid or content_guid(text)
    builder.language = None  # templates name a language that their articles are not in; a worker detects it
    builder.warnings = [*warnings, *builder.warnings]
    return builder.build(options, "articleBody")


def _json_ld_articles(page: str) -> Iterator[dict[str, Any]]:
    for number, block in enumerate(_JSON_LD.finditer(page)):
        if number == _BLOCKS_MAX:
            return
        try:
            # Line breaks within strings are not JSON, but common here.
            text = block[1].strip().removeprefix("<!--").removesuffix("-->")
            yield from articles_in(json.loads(text, strict=False, parse_constant=lambda _: None))
        except (ValueError, RecursionError):
            continue


def _choose_body(page: str, builder: ArticleBuilder) -> Body:
    """Return the page, or the text that the JSON-LD has if the page does not show most of it."""
    whole_page = Body(page, MediaType.HTML, "page")
    if not builder.bodies:
        return whole_page
    words = _WORD.findall(html.unescape(_TAG.sub(" ", builder.bodies[0].text)).lower())
    samples = range(0, len(words) - _SHOWN_WORDS, max(1, len(words) // _SAMPLES))
    if not samples:
        return whole_page
    shown = " ".join(_WORD.findall(html.unescape(_TAG.sub(" ", _INVISIBLE.sub(" ", page))).lower()))
    missing = sum(" ".join(words[start : start + _SHOWN_WORDS]) not in shown for start in samples)
    return builder.bodies[0] if missing * 2 > len(samples) else whole_page


HTML_PAGE: Final = FeedFormat(
    name="HTML",
    content_types=("text/html", "application/xhtml+xml"),
    suffixes=(".html", ".htm", ".xhtml"),
    syntax=Syntax.HTML,
    unit="",
    sniff=_sniff,
    split=_split,
    parse=_parse,
)
