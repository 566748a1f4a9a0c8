from __future__ import annotations

import socket

import pytest

from services.contracts import MediaType
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FeedFormat, FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.syndication import ATOM, RSS

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Example Wire</title><language>en-us</language>
<item><title>Berg&amp;#8217;s tram plan &amp;amp; its cost</title><link>https://example.org/tram</link>
  <guid isPermaLink="false">tram-1</guid><pubDate>Mon, 23 Nov 2026 15:15:02 EST</pubDate>
  <dc:creator>Ada Lund</dc:creator><category domain="https://example.org/topics">Transport</category>
  <description>A teaser.</description>
  <content:encoded><![CDATA[<p>Mayor Ida Berg said no.</p><script>track()</script>
<p>Omar Reyes agreed.</p>]]></content:encoded>
</item>
<item><title>Fish market</title><link>https://example.org/fish</link>
  <description>It opens on Monday.</description></item>
</channel></rss>"""
ENTRY = """<entry xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>urn:example:tram</id>
<title type="html">Tram &amp;lt;plan&amp;gt;</title><updated>2026-11-23T20:15:02Z</updated>
<link href="https://example.org/tram"/><author><name>Ada Lund</name></author><category term="tram" label="Trams"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Mayor Ida Berg said no.</p></div></content>
</entry>"""


def parse(document: str, feed_format: FeedFormat = RSS) -> list[ParsedArticle]:
    return list(feed_format.articles(Document(document.encode()), ParseOptions()))


def feed_of(item: str) -> str:
    return f'<rss version="2.0"><channel><title>Wire</title><item>{item}</item></channel></rss>'


def test_items_of_rss_become_articles() -> None:
    (first, warnings), (second, _) = parse(FEED)
    assert warnings == ()
    assert (first.guid, first.url) == ("tram-1", "https://example.org/tram")
    assert (first.title, first.byline, first.language) == ("Berg’s tram plan & its cost", "Ada Lund", "en-us")
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-11-23T20:15:02+00:00"
    assert first.metadata == {
        "tags": ["Transport"],
        "subjects": [{"code": "Transport", "scheme": "https://example.org/topics"}],
        "summary": "A teaser.",
        "source": "Example Wire",
    }
    assert (second.guid, second.body, second.media_type) == (
        "https://example.org/fish",
        "It opens on Monday.",
        MediaType.TEXT,
    )


def test_whole_content_is_kept_as_it_is() -> None:
    (article, _), _ = parse(FEED)
    assert article.media_type is MediaType.HTML
    assert article.body == "<p>Mayor Ida Berg said no.</p><script>track()</script>\n<p>Omar Reyes agreed.</p>"


def test_single_atom_entry_is_an_article_and_not_a_container() -> None:
    records, is_container = ATOM.contents(Document(ENTRY.encode()), ParseOptions())
    [record] = records
    article, warnings = ATOM.article(record, ParseOptions())
    assert (is_container, warnings) == (False, ())
    assert (article.guid, article.title, article.byline) == ("urn:example:tram", "Tram <plan>", "Ada Lund")
    assert "<p>Mayor Ida Berg said no.</p>" in article.body
    assert article.metadata == {"tags": ["Trams"]}


@pytest.mark.parametrize(
    ("document", "feed_format"),
    [
        (FEED, RSS),
        (f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title>{ENTRY}</feed>', ATOM),
        ('<rss version="2.0"><channel><title>Wire</title></channel></rss>', RSS),
    ],
)
def test_feed_is_a_container_however_many_items_it_has(document: str, feed_format: FeedFormat) -> None:
    assert feed_format.contents(Document(document.encode()), ParseOptions()).is_container


def test_rss_1_is_read() -> None:
    document = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.org/"><title>Wire</title></channel>
    <item rdf:about="https://example.org/tram"><title>Tram</title><description>She said no.</description>
    <dc:date>2026-11-23</dc:date></item></rdf:RDF>"""
    [(article, _)] = parse(document)
    assert (article.guid, article.body) == ("https://example.org/tram", "She said no.")
    assert article.published_at is not None


@pytest.mark.parametrize(
    ("item", "body"),
    [
        ("<description><p>One.<br>Two.</p></description>", ("One.", "Two.")),
        ("<description>Fish & chips.</description>", ("Fish", "chips.")),
        ("<description>Caf&eacute;&nbsp;opens</description>", ("Café\xa0opens",)),
        ("<description>One.</descripton>", ("One.",)),
    ],
)
def test_broken_feed_is_repaired_with_a_warning(item: str, body: tuple[str, ...]) -> None:
    [(article, warnings)] = parse(feed_of(item))
    assert all(part in article.body for part in body)
    assert "eacute" in item or [warning.code for warning in warnings] == ["markup_repaired"]


def test_date_that_cannot_be_read_is_a_warning() -> None:
    [(article, [warning])] = parse(feed_of("<pubDate>soon</pubDate><description>She said no.</description>"))
    assert (article.published_at, warning.code) == (None, "date_unreadable")
    assert warning.detail.startswith("published: 'soon'")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (feed_of("<title>Tram</title>"), "RSS, item 1: description: is missing or empty"),
        ('<!DOCTYPE rss [<!ENTITY x "y">]>' + feed_of("<title>&x;</title>"), "RSS: <!ENTITY>: declares the entity 'x'"),
        (feed_of("<description>" + "<b>" * 300), "RSS: line 1: elements are nested deeper than 200 levels"),
        ("<rss/>", "RSS: there is no channel"),
        ("not a feed", "RSS: not XML"),
    ],
)
def test_refusal_names_format_and_field(document: str, message: str) -> None:
    with pytest.raises(FormatError) as raised:
        parse(document)
    assert str(raised.value).startswith(message)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    document = '<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/rss.dtd">' + feed_of("<description>She said no.</description>")
    [(article, _)] = parse(document)
    assert article.body == "She said no."
    with pytest.raises(FormatError):
        parse("http://127.0.0.1:1/feed.xml")
