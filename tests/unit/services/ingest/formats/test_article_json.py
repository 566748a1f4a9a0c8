from __future__ import annotations

import json
from typing import Any

import pytest

from services.ingest.formats.article_json import ARTICLE_JSON
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.ndjson import NDJSON

BODY = {"body": "The minister said no."}


def parse(value: Any) -> list[ParsedArticle]:
    return list(ARTICLE_JSON.articles(Document(json.dumps(value).encode()), ParseOptions(feed="wire")))


@pytest.mark.parametrize("published", ["20261123T201502Z", "Mon, 23 Nov 2026 20:15:02 GMT", "2026-11-23 20:15:02"])
def test_date_of_own_json_may_be_in_any_form(published: str) -> None:
    [(article, warnings)] = parse(BODY | {"published_at": published})
    assert article.published_at is not None
    assert (article.published_at.isoformat(), warnings) == ("2026-11-23T20:15:02+00:00", ())


@pytest.mark.parametrize("published", ["yesterday", "2026-13-01T00:00:00Z", 1795464902, 1e300])
def test_date_that_cannot_be_read_is_a_warning(published: object) -> None:
    [(article, [warning])] = parse(BODY | {"published_at": published})
    assert (article.published_at, warning.code) == (None, "date_unreadable")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en_US", "en-US"), (" en-GB ", "en-GB"), ("und", None), ("mul", None), ("EN", "EN"), (None, None)],
)
def test_language_is_read_with_underscores_and_without_a_language(language: object, expected: str | None) -> None:
    [(article, _)] = parse(BODY | {"language": language})
    assert article.language == expected


def test_list_may_mix_formats() -> None:
    ninjs = {"uri": "urn:1", "type": "text", "body_text": "She said no."}
    schema_org = {"@type": "NewsArticle", "articleBody": "He said yes."}
    articles = [article for article, _ in parse([BODY, ninjs, schema_org])]
    assert [article.body for article in articles] == ["The minister said no.", "She said no.", "He said yes."]
    assert {article.feed for article in articles} == {"wire"}


def test_error_names_the_format_of_the_record() -> None:
    with pytest.raises(FormatError, match=r"^ninjs, article 2: type: is 'picture'"):
        parse([BODY, {"uri": "urn:1", "type": "picture", "headline": "A tram"}])
    line = json.dumps({"uri": "urn:1", "type": "text"}).encode()
    with pytest.raises(FormatError, match=r"^ninjs, line 1: body_xhtml: is missing"):
        list(NDJSON.articles(Document(line), ParseOptions()))


def test_own_json_with_a_body_is_never_taken_for_another_format() -> None:
    with pytest.raises(FormatError, match=r"^JSON, article 1: headline: Extra inputs"):
        parse(BODY | {"headline": "Tram"})
