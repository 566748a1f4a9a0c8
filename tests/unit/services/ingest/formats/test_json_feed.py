from __future__ import annotations

import json
from typing import Any

import pytest

from services.contracts import MediaType
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.json_feed import JSON_FEED

ITEM: dict[str, Any] = {
    "id": "tram-1",
    "url": "https://example.org/tram",
    "title": "Mayor rejects tram plan",
    "content_html": "<p>Mayor Ida Berg said no.</p>",
    "content_text": "Mayor Ida Berg said no.",
    "summary": "A teaser.",
    "date_published": "2026-11-23T20:15:02Z",
    "tags": ["tram", "council"],
    "_desk": "City",
}


def parse(*items: Any, **feed: Any) -> list[ParsedArticle]:
    content = {"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": items} | feed
    return list(JSON_FEED.articles(Document(json.dumps(content).encode()), ParseOptions()))


def test_items_become_articles() -> None:
    [(article, _), (second, _)] = parse(
        ITEM,
        {"id": 2, "content_text": "She said no.", "authors": [{"name": "Omar Reyes"}]},
        author={"name": "Ada Lund"},
    )
    assert (article.guid, article.url, article.title) == ("tram-1", ITEM["url"], ITEM["title"])
    assert (article.byline, article.media_type, article.body) == ("Ada Lund", MediaType.HTML, ITEM["content_html"])
    assert article.published_at is not None
    assert article.metadata == {"tags": ["tram", "council"], "summary": "A teaser.", "source": "Wire", "_desk": "City"}
    assert (second.guid, second.byline, second.media_type) == ("2", "Omar Reyes", MediaType.TEXT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"items": {}}, "JSON Feed: items: is missing or is not a list"),
        ({"items": ["One."]}, "JSON Feed, item 1: is not a JSON object"),
        ({"items": [{"id": "1", "title": "T"}]}, "JSON Feed, item 1: content_html: is missing or empty"),
    ],
)
def test_refusal_names_format_and_field(content: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=f"^{message}"):
        parse(**content)
