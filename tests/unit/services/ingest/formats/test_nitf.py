from __future__ import annotations

import pytest

from services.contracts import MediaType, PubStatus
from services.ingest import formats
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParseOptions
from services.ingest.formats.nitf import NITF

STORY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nitf SYSTEM "nitf-3-6.dtd">
<nitf baselang="en-GB">
  <head>
    <title>TRAM</title>
    <meta name="desk" content="City"/>
    <tobject><tobject.subject tobject.subject.refnum="11000000" tobject.subject.type="Politics"
      tobject.subject.matter="Council"/></tobject>
    <docdata management-status="usable">
      <doc-id id-string="example.tram.1"/>
      <du-key key="tram" version="4"/>
      <date.issue norm="20261123T201502Z"/>
      <key-list><keyword key="tram"/></key-list>
    </docdata>
    <pubdata position.section="Local"/>
  </head>
  <body>
    <body.head>
      <hedline><hl1>Mayor rejects
        tram plan</hl1><hl2>Council divided</hl2></hedline>
      <byline>By Ada Lund<byttl>City reporter</byttl></byline>
      <abstract><p>A short summary.</p></abstract>
    </body.head>
    <body.content>
      <block><p>Mayor <person>Ida Berg</person> said&nbsp;no &mdash; twice &amp; loudly.</p>
      <media><media-reference source="a.jpg"/><media-caption>The tram.</media-caption></media></block>
      <hl2>Reactions</hl2>
      <p>Omar Reyes <em>agreed</em>.<br/>See <a href="https://example.org/?a=1&amp;b=2">more</a>.</p>
    </body.content>
    <body.end><tagline>Reporting by Ada Lund</tagline></body.end>
  </body>
</nitf>"""


def test_document_becomes_an_article() -> None:
    [(article, warnings)] = NITF.articles(Document(STORY.encode()), ParseOptions(feed="wire"))
    assert warnings == ()
    assert (article.feed, article.guid, article.version) == ("wire", "example.tram.1", "4")
    assert (article.title, article.byline) == ("Mayor rejects tram plan", "By Ada Lund City reporter")
    assert article.language == "en-GB"
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2026-11-23T20:15:02+00:00"
    assert article.metadata == {
        "section": "Local",
        "tags": ["tram"],
        "subjects": [{"code": "11000000", "name": "Politics / Council"}],
        "summary": "A short summary.",
        "subtitle": "Council divided",
        "pubstatus": "usable",
        "tagline": "Reporting by Ada Lund",
        "meta": {"desk": "City"},
    }


def test_body_is_written_as_html() -> None:
    [(article, _)] = NITF.articles(Document(STORY.encode()), ParseOptions())
    assert article.media_type is MediaType.HTML
    assert "".join(line.strip() for line in article.body.split("\n")) == (
        "<div><p>Mayor Ida Berg said\xa0no — twice &amp; loudly.</p>"
        "<figure><figcaption>The tram.</figcaption></figure></div><h2>Reactions</h2>"
        '<p>Omar Reyes <em>agreed</em>.<br>See <a href="https://example.org/?a=1&amp;b=2">more</a>.</p>'
    )


@pytest.mark.parametrize(
    "document",
    [
        "<nitf><body><p>She said no.</p></body></nitf>",
        "<nitf><body><body.head/><p>She said no.</p><body.end><tagline>T</tagline></body.end></body></nitf>",
        (
            '<n:nitf xmlns:n="http://iptc.org/std/NITF/2006-10-18/"><n:body><n:body.content><n:p>She said no.</n:p>'
            "</n:body.content></n:body></n:nitf>"
        ),
    ],
)
def test_document_with_only_a_body_is_accepted(document: str) -> None:
    [(article, warnings)] = NITF.articles(Document(document.encode()), ParseOptions())
    assert (article.body, article.guid, article.title, warnings) == ("<p>She said no.</p>", None, None, ())


def test_first_date_that_can_be_read_is_taken() -> None:
    document = STORY.replace('norm="20261123T201502Z"/>', 'norm="soon"/><date.release norm="20261124"/>')
    [(article, warnings)] = NITF.articles(Document(document.encode()), ParseOptions())
    assert article.published_at is not None
    assert (article.published_at.isoformat(), warnings) == ("2026-11-24T00:00:00+00:00", ())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"<nitf/>", "NITF: body.content: is missing or empty"),
        (b"<nitf><body><body.content><p> </p></body.content></body></nitf>", "NITF: body.content: is missing or empty"),
        (b"<nitf><body>", "NITF: not well-formed XML: no element found: line 1"),
        (b"<nitf><body><p>&no;</p></nitf>", "NITF: not well-formed XML: mismatched tag"),
        (b'<!DOCTYPE nitf [<!ENTITY x "y">]><nitf/>', "NITF: <!ENTITY>: declares the entity 'x'"),
        (b'<!DOCTYPE nitf [<!ENTITY % x SYSTEM "http://x/">%x;]><nitf/>', "NITF: <!ENTITY>: declares the entity 'x'"),
        (b"<nitf><body>" + b"<p>" * 200, "NITF: line 1: elements are nested deeper than 200 levels"),
        (b"<nitf>" + b"<p/>" * 100_000, "NITF: has more than 100000 elements"),
        (
            b"<nitf " + b" ".join(b"a%d='1'" % n for n in range(501)) + b"/>",
            "NITF: the element <nitf> has more than 500",
        ),
    ],
)
def test_refusal_names_format_and_field(document: bytes, message: str) -> None:
    with pytest.raises(FormatError) as raised:
        list(NITF.articles(Document(document), ParseOptions()))
    assert str(raised.value).startswith(message)


def test_external_document_type_is_neither_fetched_nor_needed() -> None:
    document = Document(
        b'<!DOCTYPE nitf PUBLIC "-//X//Y" "http://127.0.0.1:1/no.dtd"><nitf><body><p>A&nbsp;b.</p></body></nitf>'
    )
    assert formats.sniff(document) is NITF
    [(article, _)] = NITF.articles(document, ParseOptions())
    assert article.body == "<p>A\xa0b.</p>"


@pytest.mark.parametrize(
    ("status", "release", "expected"),
    [
        ("usable", "20200101T000000Z", (PubStatus.USABLE, None)),
        ("usable", "99981224T060000Z", (PubStatus.USABLE, 9998)),
        ("embargoed", "99981224T060000Z", (PubStatus.USABLE, 9998)),
        ("embargoed", "", (PubStatus.WITHHELD, None)),
        ("canceled", "20200101T000000Z", (PubStatus.CANCELED, None)),
    ],
)
def test_status_and_date_of_release_decide_about_the_story(status: str, release: str, expected: object) -> None:
    document = f"""<nitf><head><docdata management-status="{status}"><doc-id id-string="i"/>
        <date.release norm="{release}"/></docdata></head>
        <body><body.content><p>She said no.</p></body.content></body></nitf>"""
    [(article, _)] = NITF.articles(Document(document.encode()), ParseOptions())
    assert (article.pubstatus, article.embargoed and article.embargoed.year) == expected
