"""schema.org articles in JSON-LD, as a document of their own; `html_page` reads those inside a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.ingest.formats.article_builder import ArticleBuilder, Body, one_line, text_from_markup
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import (
    Contents,
    FeedFormat,
    FieldReason,
    FormatError,
    ParsedArticle,
    ParseOptions,
    Record,
    Syntax,
)

# NewsArticle, Article, OpinionNewsArticle and the other subtypes all end like this.
_TYPE_ENDINGS: Final = ("article", "posting", "report")
_DEPTH_MAX: Final = 8  # of the search for an article in graphs and lists
_CONSUMED: Final = frozenset({
    "@context", "@graph", "@id", "headline", "name", "alternativeHeadline", "articleBody", "text", "author", "creator",
    "datePublished", "dateModified", "dateCreated", "inLanguage", "url", "mainEntityOfPage", "identifier", "version",
    "articleSection", "keywords", "about", "description", "image", "thumbnailUrl", "publisher", "wordCount",
    "video", "associatedMedia", "isPartOf", "speakable", "mainEntity", "comment", "breadcrumb",
})  # fmt: skip


def is_schema_org(value: Any) -> bool:
    """Return whether a JSON value is JSON-LD."""
    return isinstance(value, dict) and not {"@context", "@graph", "@type"}.isdisjoint(value)


def articles_in(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the articles of a JSON-LD value: itself, the entries of a list or graph, and the main entity of a page."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, list):
        for entry in value:
            yield from articles_in(entry, depth + 1)
    elif isinstance(value, dict):
        if _is_article(value):
            yield value
        else:
            for name in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "hasPart"):
                yield from articles_in(value.get(name), depth + 1)


def builder_of(article: Mapping[str, Any]) -> ArticleBuilder:
    """Return the values of a schema.org article."""
    body = article.get("articleBody") or article.get("text")
    description = article.get("description")
    bodies = [Body.guess(body, "articleBody")] if isinstance(body, str) else []
    page = article.get("mainEntityOfPage")
    url = _text(article.get("url")) or _text(page.get("@id") if isinstance(page, dict) else page)
    metadata: dict[str, Any] = {
        "section": next(iter(_texts(article.get("articleSection"))), None),
        "tags": [tag for entry in _texts(article.get("keywords")) for tag in map(str.strip, entry.split(",")) if tag],
        "subjects": [{"name": name} for name in _texts(article.get("about"))],
        "summary": text_from_markup(description) if isinstance(description, str) else None,
        "source": next(iter(_texts(article.get("publisher"))), None),
    }
    for name, value in article.items():
        if name not in _CONSUMED:
            metadata.setdefault(name, value)
    return ArticleBuilder(
        bodies=bodies,
        summary=Body.guess(description, "description") if isinstance(description, str) else None,
        guid=_text(article.get("identifier")) or _text(article.get("@id")) or url,
        version=_text(article.get("version")),
        url=url,
        title=text_from_markup(_text(article.get("headline")) or _text(article.get("name"))),
        byline=one_line(", ".join(_texts(article.get("author")) or _texts(article.get("creator")))),
        language=next(iter(_texts(article.get("inLanguage"))), None),
        dates=[(name, article.get(name)) for name in ("datePublished", "dateModified", "dateCreated")],
        metadata=metadata,
    )


def parse_schema_org(value: Any, options: ParseOptions) -> ParsedArticle:
    """Return the article of a JSON-LD value. Raises `FormatError`."""
    article = next(articles_in(value), None)
    if article is None:
        kind = one_line(value.get("@type")) if isinstance(value, dict) else None
        reason = f"is {kind[:60]!r}, not an article" if kind else "is missing: no NewsArticle or other article in it"
        raise FormatError(FieldReason("@type", reason), without_text=True)
    return builder_of(article).build(options, "articleBody")


def _is_article(value: Mapping[str, Any]) -> bool:
    kinds = value.get("@type")
    names = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]
    return any(name.lower().endswith(_TYPE_ENDINGS) for name in names)


def _text(value: Any) -> str | None:
    """Return a text, a number, or the value, address or ID of an object."""
    if isinstance(value, dict):
        value = next(filter(None, (value.get(name) for name in ("@value", "value", "@id", "url"))), None)
    if isinstance(value, list):
        return next(filter(None, map(_text, value[:3])), None)
    return one_line(value) if isinstance(value, str | int | float) else None


def _texts(value: Any) -> list[str]:
    """Return the texts, or the names of the objects, of a value that may be single or a list."""
    texts = []
    for entry in value if isinstance(value, list) else [value]:
        named = (
            entry.get("name") or entry.get("@value") or entry.get("alternateName") if isinstance(entry, dict) else entry
        )
        if isinstance(named, list):
            named = next(iter(named), None)
        text = text_from_markup(named) if isinstance(named, str) else None
        if text:
            texts.append(text)
    return texts


def _sniff(document: Document) -> bool:
    if not document.is_json:
        return False
    value = document.json_object()
    return "body" not in value and is_schema_org(value)


def _split(document: Document, options: ParseOptions) -> Contents:
    del options
    value = document.json_value
    articles = list(articles_in(value))
    if len(articles) > 1 or isinstance(value, list):
        return Contents([Record(number, article) for number, article in enumerate(articles, 1)], is_container=True)
    return Contents([Record(1, value)], is_container=False)


SCHEMA_ORG: Final = FeedFormat(
    name="schema.org JSON-LD",
    content_types=("application/ld+json",),
    suffixes=(".jsonld",),
    syntax=Syntax.JSON,
    unit="article",
    sniff=_sniff,
    split=_split,
    parse=parse_schema_org,
)
