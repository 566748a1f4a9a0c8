from __future__ import annotations

from collections import Counter

import pytest

from services.contracts import Article
from services.ingest import formats
from services.ingest.formats import FORMATS
from services.ingest.formats.article_json import ARTICLE_JSON
from services.ingest.formats.feed_format import FeedFormat, FormatError, ParseOptions, Record
from services.ingest.formats.html_page import HTML_PAGE
from services.ingest.formats.ndjson import NDJSON
from services.ingest.formats.plain_text import PLAIN_TEXT


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
        ("text/html;charset=utf-8", HTML_PAGE),
        ("text/plain", PLAIN_TEXT),
        ("image/png", None),
        ("", None),
    ],
)
def test_format_is_found_by_content_type(content_type: str, expected: FeedFormat | None) -> None:
    assert formats.for_content_type(content_type) is expected


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [(".json", ARTICLE_JSON), (".JSONL", NDJSON), (".htm", HTML_PAGE), (".txt", PLAIN_TEXT), ("", PLAIN_TEXT)],
)
def test_format_is_found_by_suffix(suffix: str, expected: FeedFormat) -> None:
    assert formats.for_suffix(suffix) is expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'{"body": "One."}', ARTICLE_JSON),
        (b'{"body": "One."}\n', ARTICLE_JSON),
        (b'\n {\n  "body": "One."\n}', ARTICLE_JSON),
        (b'[{"body": "One."},\n{"body": "Two."}]', ARTICLE_JSON),
        (b'{"body": "One."}\n{"body": "Two."}\n', NDJSON),
        (b'{"body": "One."}\r\n{"body": "Two."}\r\n', NDJSON),
        (b"<!DOCTYPE html><html><body>One.</body></html>", HTML_PAGE),
        (b"\n<p>One.</p>", HTML_PAGE),
        (b"<3 from the harbour", PLAIN_TEXT),
        (b"Harbour opens\n\nIt opened on Monday.", PLAIN_TEXT),
        (b"\xff\xfe", PLAIN_TEXT),
        (b"", PLAIN_TEXT),
    ],
)
def test_format_is_sniffed_from_the_document(document: bytes, expected: FeedFormat) -> None:
    assert formats.sniff(document) is expected


@pytest.mark.parametrize("feed_format", FORMATS, ids=lambda feed_format: feed_format.name)
def test_every_format_raises_only_format_errors(feed_format: FeedFormat) -> None:
    for document in (b"", b"\x00", b"\xff\xfe", b"[", b"{}", b"[[]]", b"<", b"7", b"null\nnull"):
        articles: list[Article] = []
        errors: list[FormatError] = []
        try:
            articles += feed_format.articles(document, ParseOptions(feed="wire"))
        except FormatError as error:
            errors.append(error)
        assert {article.feed for article in articles} <= {"wire"}
        assert all(error.format == feed_format.name in str(error) for error in errors)


def test_bad_record_does_not_spoil_the_others() -> None:
    records = list(NDJSON.records(b'{"body": "One."}\n\n{"title": "No body"}\n{"body": "Three."}\n'))
    assert [record.number for record in records] == [1, 3, 4]
    assert NDJSON.article(records[0], ParseOptions()).body == "One."
    with pytest.raises(FormatError) as raised:
        NDJSON.article(records[1], ParseOptions())
    assert (raised.value.location, raised.value.reasons) == ("line 3", (("body", "Field required"),))
    assert not raised.value.malformed
    assert NDJSON.article(records[2], ParseOptions()).body == "Three."


def test_field_called_text_is_the_body_only_on_request() -> None:
    record = Record(1, b'{"text": "One."}')
    assert NDJSON.article(record, ParseOptions(text_as_body=True)).body == "One."
    with pytest.raises(FormatError, match="text: Extra inputs"):
        NDJSON.article(Record(1, b'{"text": "One.", "body": "Two."}'), ParseOptions(text_as_body=True))
    with pytest.raises(FormatError, match="body: Field required"):
        NDJSON.article(record, ParseOptions())


def test_broken_syntax_is_malformed() -> None:
    with pytest.raises(FormatError, match=r"^NDJSON, line 1: not valid JSON") as raised:
        NDJSON.article(Record(1, b'{"body": '), ParseOptions())
    assert raised.value.malformed


def test_long_field_name_is_cut_in_errors() -> None:
    with pytest.raises(FormatError) as raised:
        NDJSON.article(Record(1, b'{"body": "One.", "' + b"x" * 5000 + b'": 1}'), ParseOptions())
    assert raised.value.reasons[0].field == "x" * 200
