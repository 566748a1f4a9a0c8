from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.contracts import MediaType
from services.ingest import formats
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.ninjs import NINJS, is_ninjs

FIRST: dict[str, Any] = {
    "uri": "urn:example:tram",
    "type": "text",
    "version": "3",
    "versioncreated": "2026-11-23T20:15:02Z",
    "pubstatus": "usable",
    "language": "en_GB",
    "headline": "Mayor rejects &lt;tram&gt; plan",
    "byline": "By Ada Lund",
    "body_text": "Mayor Ida Berg said no. Omar Reyes said yes.",
    "body_xhtml": "<p>Mayor Ida Berg said no.</p><p>Omar Reyes said yes.</p>",
    "subject": [{"code": "11000000", "name": "politics", "scheme": "medtop"}],
    "keywords": ["tram", "council"],
    "service": [{"code": "n", "name": "National"}],
    "example_desk": {"name": "City"},
}
THIRD: dict[str, Any] = {
    "standard": {"name": "ninjs", "version": "3.0"},
    "uri": "https://example.org/tram",
    "type": "text",
    "versionCreated": "2026-11-23T20:15:02+00:00",
    "pubStatus": "usable",
    "headlines": [{"role": "seo", "value": "Tram"}, {"role": "main", "value": "Mayor rejects tram plan"}],
    "by": "Ada Lund",
    "bodies": [
        {"role": "text", "contentType": "text/plain", "value": "Mayor Ida Berg said no."},
        {"role": "main", "contentType": "text/html", "value": "<p>Mayor Ida Berg said no.</p>"},
    ],
    "subjects": [{"name": "politics", "literal": "11000000"}],
}


def parse(item: Any, **options: Any) -> list[ParsedArticle]:
    return list(NINJS.articles(Document(json.dumps(item).encode()), ParseOptions(**options)))


def test_fields_of_version_1_become_an_article() -> None:
    [(article, warnings)] = parse(FIRST, feed="wire")
    assert warnings == ()
    assert (article.feed, article.guid, article.version) == ("wire", "urn:example:tram", "3")
    assert (article.title, article.byline) == ("Mayor rejects <tram> plan", "By Ada Lund")
    assert (article.language, article.url) == ("en-GB", None)
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2026-11-23T20:15:02+00:00"
    assert (article.media_type, article.body) == (MediaType.HTML, FIRST["body_xhtml"])


def test_fields_of_version_3_become_an_article() -> None:
    [(article, _)] = parse(THIRD)
    assert (article.guid, article.url) == ("https://example.org/tram", "https://example.org/tram")
    assert (article.title, article.byline) == ("Mayor rejects tram plan", "Ada Lund")
    assert (article.media_type, article.body) == (MediaType.HTML, "<p>Mayor Ida Berg said no.</p>")
    assert article.published_at is not None
    assert article.metadata is not None
    assert article.metadata["subjects"] == [{"name": "politics", "code": "11000000"}]
    assert article.metadata["pubstatus"] == "usable"


def test_unknown_fields_are_kept_as_metadata() -> None:
    [(article, _)] = parse(FIRST)
    assert article.metadata == {
        "section": "National",
        "tags": ["tram", "council"],
        "subjects": [{"code": "11000000", "name": "politics", "scheme": "medtop"}],
        "versioncreated": "2026-11-23T20:15:02Z",
        "pubstatus": "usable",
        "service": [{"code": "n", "name": "National"}],
        "example_desk": {"name": "City"},
    }


def test_longest_rendering_is_the_body() -> None:
    [(article, _)] = parse(FIRST | {"body_text": "One. " * 20, "body_xhtml": "<p>One.</p>"})
    assert (article.media_type, article.body) == (MediaType.TEXT, "One. " * 20)


def test_items_of_superdesk_have_a_guid_and_html() -> None:
    item = {"guid": "urn:newsml:1", "type": "text", "headline": "Tram", "body_html": "<p>She said no.</p>"}
    authors = {"authors": [{"name": "Ada Lund", "role": "writer"}, {"name": "Omar Reyes"}]}
    [(article, _)] = parse(item | authors)
    assert (article.guid, article.byline, article.body) == (
        "urn:newsml:1",
        "Ada Lund, Omar Reyes",
        "<p>She said no.</p>",
    )


@pytest.mark.parametrize("name", ["item", "items", "_items"])
def test_list_of_a_content_api_is_a_container(name: str) -> None:
    document = Document(json.dumps({"total": 2, name: [FIRST, THIRD]}).encode())
    assert formats.sniff(document) is NINJS
    records, is_container = NINJS.contents(document, ParseOptions())
    assert ([record.number for record in records], is_container) == ([1, 2], True)


def test_summary_stands_in_for_a_missing_body_with_a_warning() -> None:
    item = {"uri": "urn:1", "type": "text", "headline": "Tram", "description_text": "The mayor said no."}
    [(article, [warning])] = parse(item)
    assert (article.body, warning.code) == ("The mayor said no.", "body_from_summary")


@pytest.mark.parametrize(
    ("item", "field", "reason"),
    [
        ({"uri": "urn:1", "type": "picture", "headline": "A tram"}, "type", "is 'picture'"),
        ({"uri": "urn:1", "type": "text", "headline": "Tram"}, "body_xhtml", "is missing or empty"),
        ({"uri": "urn:1", "versionCreated": "2026", "bodies": []}, "bodies", "is missing or empty"),
        ({"uri": "urn:1", "body_text": " "}, "body_xhtml", "is missing or empty"),
    ],
)
def test_refusal_names_format_and_field(item: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(FormatError, match=f"^ninjs, item 1: {field}: {reason}") as raised:
        parse(item)
    assert raised.value.without_text is (field == "type")


@pytest.mark.parametrize(
    ("changes", "field", "expected", "code"),
    [
        ({"versioncreated": "soon"}, "published_at", None, "date_unreadable"),
        ({"language": "English, mostly"}, "language", None, "language_unreadable"),
        ({"language": "und"}, "language", None, None),
        ({"headline": "t" * 600}, "title", "t" * 499 + "…", "field_cut"),
        ({"uri": "u" * 600}, "guid", None, "field_cut"),
        ({"url": "ftp://example.org/1"}, "url", None, None),
        ({"url": "HTTPS://example.org/1"}, "url", "https://example.org/1", None),
    ],
)
def test_value_that_an_article_cannot_have_is_left_out_with_a_warning(
    changes: dict[str, Any], field: str, expected: Any, code: str | None
) -> None:
    [(article, warnings)] = parse(FIRST | changes)
    if field == "guid":
        assert article.guid is not None
        assert article.guid.startswith("sha256:")
    else:
        assert getattr(article, field) == expected
    assert [warning.code for warning in warnings] == ([code] if code else [])


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("canceled", "canceled"),
        ("Cancelled", "canceled"),
        ("withheld", "withheld"),
        ("hold", "withheld"),
        ("new", "usable"),
    ],
)
def test_publication_status_is_read_in_every_spelling(word: str, status: str) -> None:
    [(article, warnings)] = parse(FIRST | {"pubstatus": word})
    assert (article.pubstatus, warnings) == (status, ())


def test_canceled_story_needs_a_guid_and_no_text() -> None:
    [(article, _)] = parse({"uri": "u", "pubstatus": "canceled", "type": "text"})
    assert (article.guid, article.body) == ("u", "")
    with pytest.raises(FormatError, match=r"^ninjs, item 1: pubstatus: is 'canceled', which needs the guid"):
        parse({"headline": "Tram", "pubstatus": "canceled", "type": "text"})


def test_embargo_version_and_predecessor_are_read() -> None:
    life = {"embargoed": "9998-12-24T06:00:00Z", "versioncreated": "2026-11-23T20:15:02+01:00", "evolvedfrom": "early"}
    [(article, warnings)] = parse(FIRST | life)
    assert warnings == ()
    assert article.embargoed == datetime(9998, 12, 24, 6, tzinfo=UTC)
    assert article.versioncreated == datetime(2026, 11, 23, 19, 15, 2, tzinfo=UTC)
    assert article.evolvedfrom == "early"
    assert article.metadata is not None
    assert article.metadata["embargoed"] == life["embargoed"]


def test_embargo_without_a_readable_end_withholds_the_story() -> None:
    for changes in ({"embargoed": "until the speech"}, {"pubstatus": "embargoed"}):
        [(article, [warning])] = parse(FIRST | changes)
        assert (article.pubstatus, warning.code) == ("withheld", "embargo_unreadable")


def test_cancellation_in_own_json_is_not_read_as_ninjs() -> None:
    own = {"feed": "wire", "guid": "g", "version": "2", "pubstatus": "canceled"}
    assert not is_ninjs(own)
    assert is_ninjs(own | {"uri": "u"})
