from __future__ import annotations

from collections import Counter

import pytest

from services.contracts import Article
from services.ingest import formats
from services.ingest.formats import FORMATS
from services.ingest.formats.article_json import ARTICLE_JSON
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FeedFormat, FormatError, ParseOptions, Record
from services.ingest.formats.html_page import HTML_PAGE
from services.ingest.formats.json_feed import JSON_FEED
from services.ingest.formats.ndjson import NDJSON
from services.ingest.formats.newsml import NEWSML
from services.ingest.formats.newsml_g2 import NEWSML_G2
from services.ingest.formats.ninjs import NINJS
from services.ingest.formats.nitf import NITF
from services.ingest.formats.plain_text import PLAIN_TEXT
from services.ingest.formats.schema_org import SCHEMA_ORG
from services.ingest.formats.syndication import ATOM, RSS


def test_formats_share_no_name_content_type_or_suffix() -> None:
    keys = Counter(
        key for feed_format in FORMATS for key in (feed_format.name, *feed_format.content_types, *feed_format.suffixes)
    )
    assert [key for key, count in keys.items() if count > 1] == []
    assert all(key == key.lower() for feed_format in FORMATS for key in feed_format.content_types)
    assert all(key == key.lower() and key.startswith(".") for feed_format in FORMATS for key in feed_format.suffixes)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", ARTICLE_JSON),
        ("Application/JSON; charset=utf-8", ARTICLE_JSON),
        ("application/x-ndjson", NDJSON),
        ("application/feed+json", JSON_FEED),
        ("application/ld+json", SCHEMA_ORG),
        ("application/rss+xml", RSS),
        ("application/atom+xml;type=entry", ATOM),
        ("application/vnd.iptc.g2.newsitem+xml", NEWSML_G2),
        ("text/vnd.IPTC.NITF", NITF),
        ("text/html;charset=utf-8", HTML_PAGE),
        ("text/plain", PLAIN_TEXT),
        ("image/png", None),
        ("", None),
    ],
)
def test_format_is_looked_up_by_content_type(content_type: str, expected: FeedFormat | None) -> None:
    assert formats.for_content_type(content_type) is expected


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        (".json", ARTICLE_JSON),
        (".JSONL", NDJSON),
        (".htm", HTML_PAGE),
        (".txt", PLAIN_TEXT),
        (".doc", None),
        ("", None),
    ],
)
def test_format_is_looked_up_by_suffix(suffix: str, expected: FeedFormat | None) -> None:
    assert formats.for_suffix(suffix) is expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'{"body": "One."}', ARTICLE_JSON),
        (b'{"body": "One."}\n', ARTICLE_JSON),
        (b'\n {\n  "body": "One."\n}', ARTICLE_JSON),
        (b'\xef\xbb\xbf{"body": "One."}', ARTICLE_JSON),
        (b'[{"body": "One."},\n{"body": "Two."}]', ARTICLE_JSON),
        (b'{"uri": "urn:1", "body": "One."}', ARTICLE_JSON),
        (b'{"body": "One."}\n{"body": "Two."}\n', NDJSON),
        (b'{"body": "One."}\r\n{"body": "Two."}\r\n', NDJSON),
        (b'{"uri": "urn:1", "body_text": "One."}', NINJS),
        (b'{"uri": "urn:1", "versionCreated": "2026", "bodies": []}', NINJS),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', JSON_FEED),
        (b'{"@context": "https://schema.org", "@type": "NewsArticle"}', SCHEMA_ORG),
        (b'<?xml version="1.0"?>\n<!-- a wire -->\n<nitf><body/></nitf>', NITF),
        (b'<!DOCTYPE nitf SYSTEM "nitf-3-3.dtd" [\n]><nitf><body/></nitf>', NITF),
        ('<?xml version="1.0" encoding="UTF-16"?><nitf/>'.encode("utf-16"), NITF),
        (b'<n:newsMessage xmlns:n="http://iptc.org/std/nar/2006-10-01/"/>', NEWSML_G2),
        (b"<newsItem/>", NEWSML_G2),
        (b"<NewsML><NewsItem/></NewsML>", NEWSML),
        (b'<?xml-stylesheet href="a.xsl"?><rss version="2.0"/>', RSS),
        (b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', RSS),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', ATOM),
        (b'<a:entry xmlns:a="http://www.w3.org/2005/Atom"/>', ATOM),
        (b"<!DOCTYPE html><html><body>One.</body></html>", HTML_PAGE),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', HTML_PAGE),
        (b"\n<p>One.</p>", HTML_PAGE),
        (b"<3 from the harbour", PLAIN_TEXT),
        (b"Harbour opens\n\nIt opened on Monday.", PLAIN_TEXT),
        (b"\xff\xfe", PLAIN_TEXT),
        (b"", PLAIN_TEXT),
    ],
)
def test_format_is_sniffed_from_the_document(document: bytes, expected: FeedFormat) -> None:
    assert formats.sniff(Document(document)) is expected


@pytest.mark.parametrize(
    ("document", "declared", "expected"),
    [
        (b"<feed/>", RSS, ATOM),
        (b"<nitf/>", PLAIN_TEXT, NITF),
        (b'{"body": "One."}', PLAIN_TEXT, ARTICLE_JSON),
        (b"[Reuters] The minister said no.", PLAIN_TEXT, PLAIN_TEXT),
        (b"[Reuters] The minister said no.", None, ARTICLE_JSON),
        (b"<p>The minister said no.</p>", PLAIN_TEXT, PLAIN_TEXT),
        (b"The minister said no.", HTML_PAGE, HTML_PAGE),
        (b"The minister said no.", NITF, NITF),
        (b'{"version": "https://jsonfeed.org/version/1", "items": []}', ARTICLE_JSON, JSON_FEED),
        (b'{"body": "One."}', NDJSON, NDJSON),
        (b"<p>The minister said no.</p>", None, HTML_PAGE),
        (b"The minister said no.", None, None),
    ],
)
def test_json_and_xml_are_detected_whatever_was_declared(
    document: bytes, declared: FeedFormat | None, expected: FeedFormat | None
) -> None:
    assert formats.detect(Document(document), declared) is expected


@pytest.mark.parametrize("declared", [None, RSS])
def test_xml_of_an_unknown_kind_is_refused_with_its_root(declared: FeedFormat | None) -> None:
    with pytest.raises(FormatError, match=r"^XML: the root element is <RBNews>; known kinds are NewsML-G2, "):
        formats.detect(Document(b"<RBNews><NewsID>1</NewsID></RBNews>"), declared)


HOSTILE = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"[",
    b"{}",
    b"[[]]",
    b"<",
    b"<a/>",
    b"7",
    b"null\nnull",
    b"[" * 1000,
    b"<a>" * 1000,
)


@pytest.mark.parametrize("feed_format", FORMATS, ids=lambda feed_format: feed_format.name)
def test_every_format_raises_only_format_errors(feed_format: FeedFormat) -> None:
    for content in HOSTILE:
        articles: list[Article] = []
        errors: list[FormatError] = []
        try:
            articles += (article for article, _ in feed_format.articles(Document(content), ParseOptions(feed="wire")))
        except FormatError as error:
            errors.append(error)
        assert {article.feed for article in articles} <= {"wire"}
        assert all(error.format == feed_format.name in str(error) for error in errors)


def test_bad_record_does_not_spoil_the_others() -> None:
    document = Document(b'{"body": "One."}\n\n{"title": "No body"}\n{"body": "Three."}\n')
    records = list(NDJSON.contents(document, ParseOptions()).records)
    assert [record.number for record in records] == [1, 3, 4]
    assert NDJSON.article(records[0], ParseOptions()).article.body == "One."
    with pytest.raises(FormatError) as raised:
        NDJSON.article(records[1], ParseOptions())
    assert (raised.value.location, raised.value.reasons) == ("line 3", (("body", "is missing or empty"),))
    assert not raised.value.malformed
    assert NDJSON.article(records[2], ParseOptions()).article.body == "Three."


def test_field_called_text_is_the_body_only_on_request() -> None:
    record = Record(1, b'{"text": "One."}')
    assert NDJSON.article(record, ParseOptions(text_as_body=True)).article.body == "One."
    with pytest.raises(FormatError, match="text: Extra inputs"):
        NDJSON.article(Record(1, b'{"text": "One.", "body": "Two."}'), ParseOptions(text_as_body=True))
    with pytest.raises(FormatError, match="body: is missing or empty"):
        NDJSON.article(record, ParseOptions())


def test_broken_syntax_is_malformed() -> None:
    with pytest.raises(FormatError, match=r"^NDJSON, line 1: not valid JSON") as raised:
        NDJSON.article(Record(1, b'{"body": '), ParseOptions())
    assert raised.value.malformed


def test_long_field_name_is_cut_in_errors() -> None:
    with pytest.raises(FormatError) as raised:
        NDJSON.article(Record(1, b'{"body": "One.", "' + b"x" * 5000 + b'": 1}'), ParseOptions())
    assert raised.value.reasons[0].field == "x" * 200
