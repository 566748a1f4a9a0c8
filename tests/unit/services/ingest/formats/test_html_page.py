from __future__ import annotations

import hashlib
import json

import pytest

from services.contracts import MediaType
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import ParsedArticle, ParseOptions
from services.ingest.formats.html_page import HTML_PAGE

SENTENCE = "Mayor Ida Berg told the council on Monday that the tram plan was far too costly for a town of this size."
DATA = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": "Mayor rejects tram plan",
    "author": {"name": "Ada Lund"},
    "datePublished": "2026-11-23",
    "inLanguage": "de",
    "url": "https://example.org/tram",
    "articleSection": "Local",
    "articleBody": SENTENCE,
}


def page(data: str, body: str, kind: str = '"application/ld+json"') -> str:
    return f"<!DOCTYPE html><html><head><script type={kind}>{data}</script></head><body>{body}</body></html>"


def parse(text: str) -> ParsedArticle:
    [parsed] = HTML_PAGE.articles(Document(text.encode()), ParseOptions())
    return parsed


def test_page_without_data_is_an_article_of_its_own() -> None:
    text = "<p>She said no.</p>"
    article, warnings = parse(text)
    assert (article.body, article.media_type, article.metadata, warnings) == (text, MediaType.HTML, None, ())
    assert article.guid == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("kind", ['"application/ld+json"', "'application/LD+JSON'", "application/ld+json class=x"])
def test_article_inside_a_page_gives_its_metadata(kind: str) -> None:
    text = page(json.dumps(DATA), f"<nav>Home</nav><p>{SENTENCE}</p>", kind)
    article, _ = parse(text)
    assert (article.body, article.media_type) == (text, MediaType.HTML)
    assert (article.guid, article.url) == ("https://example.org/tram", "https://example.org/tram")
    assert (article.title, article.byline, article.language) == ("Mayor rejects tram plan", "Ada Lund", None)
    assert article.published_at is not None
    assert article.metadata == {"section": "Local", "@type": "NewsArticle"}


def test_text_that_a_page_does_not_show_is_read_from_its_data() -> None:
    article, _ = parse(page(json.dumps(DATA), "<div id='app'></div>"))
    assert (article.body, article.media_type) == (SENTENCE, MediaType.TEXT)


@pytest.mark.parametrize(
    "data", ["{", '{"@type": "Recipe"}', "[" * 100_000, '{"@graph": [[[[[[[[[[{}]]]]]]]]]]}', "NaN"]
)
def test_data_that_is_not_an_article_is_ignored(data: str) -> None:
    text = page(data, "<p>She said no.</p>")
    article, warnings = parse(text)
    assert (article.body, article.title, warnings) == (text, None, ())


def test_line_breaks_inside_strings_and_comments_around_data_are_read() -> None:
    data = '<!-- {"@type": "NewsArticle", "headline": "Tram\nplan", "score": NaN} -->'
    article, _ = parse(page(data, "<p>She said no.</p>"))
    assert (article.title, article.metadata) == ("Tram plan", {"@type": "NewsArticle"})


def test_page_in_another_encoding_is_decoded() -> None:
    content = '<html><head><meta charset="iso-8859-1"></head><body><p>Café “no”</p></body></html>'.encode("cp1252")
    [(article, warnings)] = HTML_PAGE.articles(Document(content), ParseOptions())
    assert "<p>Café “no”</p>" in article.body
    [(article, warnings)] = HTML_PAGE.articles(Document(b"<p>caf\xe9</p>", "text/html; charset=utf-8"), ParseOptions())
    assert (article.body, [warning.code for warning in warnings]) == ("<p>café</p>", ["encoding_uncertain"])


def test_nul_characters_are_replaced_with_a_warning() -> None:
    article, [warning] = parse("<p>She said\x00no.</p>")
    assert (article.body, warning.code) == ("<p>She said\ufffdno.</p>", "characters_replaced")
