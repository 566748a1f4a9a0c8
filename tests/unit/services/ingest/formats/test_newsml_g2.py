from __future__ import annotations

import pytest

from services.contracts import MediaType
from services.ingest import formats
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.newsml_g2 import NEWSML_G2

XHTML = (
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title></head><body><p>She said no.</p></body></html>'
)
ITEM = """<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:example:tram" version="3" xml:lang="en">
  <itemMeta>
    <itemClass qcode="ninat:text"/>
    <versionCreated>2026-11-23T20:15:02Z</versionCreated>
    <pubStatus qcode="stat:usable"/>
  </itemMeta>
  <contentMeta>
    <headline role="hr:sub">Council divided</headline>
    <headline role="hr:main">Mayor rejects tram plan</headline>
    <by>By Ada Lund</by>
    <by>Omar Reyes</by>
    <keyword>tram</keyword>
    <subject qcode="medtop:11000000"><name>politics</name></subject>
    <slugline>tram-plan</slugline>
  </contentMeta>
  <contentSet>{content}</contentSet>
</newsItem>"""
PICTURE = """<newsItem guid="urn:example:picture"><itemMeta><itemClass qcode="ninat:picture"/></itemMeta>
  <contentMeta><headline>A tram</headline></contentMeta>
  <contentSet><remoteContent href="a.jpg"/></contentSet></newsItem>"""


def item(content: str) -> str:
    return ITEM.replace("{content}", content)


def parse(document: str) -> list[ParsedArticle]:
    return list(NEWSML_G2.articles(Document(document.encode()), ParseOptions()))


def test_news_item_becomes_an_article() -> None:
    [(article, warnings)] = parse(item(f'<inlineXML contenttype="application/xhtml+xml">{XHTML}</inlineXML>'))
    assert warnings == ()
    assert (article.guid, article.version, article.language) == ("urn:example:tram", "3", "en")
    assert (article.title, article.byline) == ("Mayor rejects tram plan", "By Ada Lund; Omar Reyes")
    assert (article.media_type, article.body) == (MediaType.HTML, "<p>She said no.</p>")
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2026-11-23T20:15:02+00:00"
    assert article.metadata == {
        "tags": ["tram"],
        "subjects": [{"code": "medtop:11000000", "name": "politics"}],
        "subtitle": "Council divided",
        "slugline": "tram-plan",
        "pubstatus": "usable",
        "versioncreated": "2026-11-23T20:15:02Z",
    }


@pytest.mark.parametrize(
    ("content", "body", "media_type"),
    [
        (
            "<inlineXML><p>She said no.</p><p>He did not.</p></inlineXML>",
            "<p>She said no.</p><p>He did not.</p>",
            "html",
        ),
        (
            "<inlineXML><nitf><body><body.content><p>No.</p></body.content></body></nitf></inlineXML>",
            "<p>No.</p>",
            "html",
        ),
        ('<inlineData contenttype="text/plain">She said no.</inlineData>', "She said no.", "plain"),
        ('<inlineData contenttype="text/html">&lt;b>No.&lt;/b></inlineData>', "<b>No.</b>", "html"),
        ('<inlineData contenttype="text/plain"><![CDATA[<p>No.</p>]]></inlineData>', "<p>No.</p>", "html"),
        (
            '<inlineData contenttype="text/plain">No.</inlineData><inlineXML><p>She said no.</p></inlineXML>',
            "<p>She said no.</p>",
            "html",
        ),
        ("<h:div xmlns:h='x'/><inlineXML><h:p>She said no.</h:p></inlineXML>", "<p>She said no.</p>", "html"),
    ],
)
def test_text_is_read_from_every_rendering(content: str, body: str, media_type: str) -> None:
    [(article, _)] = parse(item(content))
    assert (article.body, article.media_type) == (body, f"text/{media_type}")


def test_message_is_a_container_whose_items_are_independent() -> None:
    package = '<packageItem guid="urn:example:package"/>'
    text = item("<inlineXML><p>She said no.</p></inlineXML>")
    message = f"<newsMessage><header/><itemSet>{package}{text}{PICTURE}</itemSet></newsMessage>"
    document = Document(message.encode())
    assert formats.sniff(document) is NEWSML_G2
    records, is_container = NEWSML_G2.contents(document, ParseOptions())
    first, second, third = records
    assert is_container
    assert NEWSML_G2.article(second, ParseOptions()).article.guid == "urn:example:tram"
    with pytest.raises(FormatError, match=r"^NewsML-G2, item 1: packageItem: is not a newsItem") as raised:
        NEWSML_G2.article(first, ParseOptions())
    assert raised.value.without_text
    with pytest.raises(FormatError, match=r"^NewsML-G2, item 3: itemClass: is 'ninat:picture'") as raised:
        NEWSML_G2.article(third, ParseOptions())
    assert raised.value.without_text


def test_single_item_is_not_a_container() -> None:
    document = Document(item("<inlineXML><p>She said no.</p></inlineXML>").encode())
    assert not NEWSML_G2.contents(document, ParseOptions()).is_container


def test_item_without_text_is_refused_with_the_field() -> None:
    with pytest.raises(FormatError, match=r"^NewsML-G2, item 1: contentSet: is missing or empty"):
        parse(item(""))


def test_status_embargo_and_predecessor_are_read() -> None:
    meta = """<itemMeta><itemClass qcode="ninat:text"/><versionCreated>2026-11-23T20:15:02Z</versionCreated>
        <embargoed>9998-12-24T06:00:00Z</embargoed><pubStatus qcode="stat:withheld"/>
        <link rel="irel:evolvedFrom" residref="urn:example:early"/></itemMeta>"""
    text = "<contentSet><inlineXML><p>She said no.</p></inlineXML></contentSet>"
    [(article, warnings)] = parse(f'<newsItem guid="urn:example:late" version="2">{meta}{text}</newsItem>')
    assert (article.pubstatus, article.evolvedfrom, warnings) == ("withheld", "urn:example:early", ())
    assert article.embargoed is not None
