from __future__ import annotations

import json
from typing import Any

import pytest

from services.contracts import MediaType
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.schema_org import SCHEMA_ORG

ARTICLE: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": "Berg&#8217;s tram plan",
    "articleBody": "Mayor Ida Berg said no.\n\nOmar Reyes agreed.",
    "author": [{"@type": "Person", "name": "Ada Lund"}, {"@type": "Person", "name": "Omar Reyes"}],
    "datePublished": "2026-11-23T21:15:02+01:00",
    "inLanguage": "en_US",
    "mainEntityOfPage": {"@type": "WebPage", "@id": "https://example.org/tram"},
    "articleSection": ["Local", "Politics"],
    "keywords": "tram, council",
    "about": {"@type": "Thing", "name": "Tramways"},
    "publisher": {"@type": "Organization", "name": "Example Wire", "logo": {"url": "https://example.org/l.png"}},
    "isAccessibleForFree": True,
}


def parse(value: Any) -> list[ParsedArticle]:
    return list(SCHEMA_ORG.articles(Document(json.dumps(value).encode()), ParseOptions()))


def test_news_article_becomes_an_article() -> None:
    [(article, warnings)] = parse(ARTICLE)
    assert warnings == ()
    assert (article.guid, article.url) == ("https://example.org/tram", "https://example.org/tram")
    assert (article.title, article.byline) == ("Berg’s tram plan", "Ada Lund, Omar Reyes")
    assert (article.language, article.media_type, article.body) == ("en-US", MediaType.TEXT, ARTICLE["articleBody"])
    assert article.published_at is not None
    assert article.metadata == {
        "section": "Local",
        "tags": ["tram", "council"],
        "subjects": [{"name": "Tramways"}],
        "source": "Example Wire",
        "@type": "NewsArticle",
        "isAccessibleForFree": True,
    }


@pytest.mark.parametrize(
    "value",
    [
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "Wire"}, ARTICLE]},
        {"@context": "https://schema.org", "@type": "WebPage", "mainEntity": ARTICLE},
        ARTICLE | {"@type": ["Thing", "schema:OpinionNewsArticle"]},
        ARTICLE | {"author": "Ada Lund and others", "articleSection": "Local", "keywords": ["tram"]},
    ],
)
def test_article_is_read_wherever_json_ld_puts_it(value: dict[str, Any]) -> None:
    [(article, _)] = parse(value)
    assert (article.title, article.body) == ("Berg’s tram plan", ARTICLE["articleBody"])


def test_list_is_a_container() -> None:
    records, is_container = SCHEMA_ORG.contents(Document(json.dumps([ARTICLE, ARTICLE]).encode()), ParseOptions())
    assert (len(list(records)), is_container) == (2, True)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"@context": "https://schema.org", "@type": "Recipe"}, "article 1: @type: is 'Recipe', not an article"),
        ({"@graph": []}, "article 1: @type: is missing"),
        ({"@type": "NewsArticle", "headline": "T"}, "article 1: articleBody: is missing or empty"),
    ],
)
def test_refusal_names_format_and_field(value: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=f"^schema.org JSON-LD, {message}"):
        parse(value)
