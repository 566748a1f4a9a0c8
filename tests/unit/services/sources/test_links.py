from __future__ import annotations

import pytest

from services.ingest.formats.document import Document
from services.sources.links import discover, feeds_of_page

URL = "https://news.example/feed"
HUB = "https://hub.example/"
SELF = "https://news.example/atom.xml"
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><link rel="hub" href="{HUB}"/><link rel="self" href="/atom.xml"/>
<entry><link rel="hub" href="https://entry.example/"/></entry></feed>""".encode()
RSS = f"""<rss xmlns:a="http://www.w3.org/2005/Atom"><channel><link>https://news.example/</link>
<a:link rel="hub" href="{HUB}"/><a:link rel="self" href="{SELF}"/></channel></rss>""".encode()
PAGE = f"""<!doctype html><html><head><link rel="hub" href="{HUB}"><link rel='self' href='{SELF}'>
<link rel="alternate" type="application/rss+xml" href="/rss"></head>
<body><link rel="hub" href="https://body.example/"></body></html>""".encode()
JSON_FEED = f"""{{"version": "https://jsonfeed.org/version/1.1", "feed_url": "{SELF}",
"hubs": [{{"type": "rssCloud", "url": "https://cloud.example/"}}, {{"type": "WebSub", "url": "{HUB}"}}]}}""".encode()


@pytest.mark.parametrize("content", [ATOM, RSS, PAGE, JSON_FEED])
def test_hub_and_own_address_are_found_in_the_document(content: bytes) -> None:
    topic = discover(Document(content), [], URL)
    assert (topic.hubs, topic.url) == ((HUB,), SELF)


@pytest.mark.parametrize(
    "headers",
    [
        [f'<{HUB}>; rel="hub", <{SELF}>; rel="self"'],
        [f"<{HUB}>; rel=hub", f'<{SELF}>; title="a, b"; rel="self alternate"'],
        ['</>; rel="hub"; type=x'.replace("</>", f"<{HUB}>"), '</atom.xml>;rel="self"'],
    ],
)
def test_link_headers_have_precedence(headers: list[str]) -> None:
    other = ATOM.replace(HUB.encode(), b"https://other.example/")
    topic = discover(Document(other), headers, URL)
    assert (topic.hubs, topic.url) == ((HUB,), SELF)


def test_document_without_hub_has_none_and_its_own_address() -> None:
    for content in (b"<rss><channel/></rss>", b"<feed", b"{}", b"text"):
        topic = discover(Document(content), ["nonsense; rel=hub"], URL)
        assert (topic.hubs, topic.url) == ((), URL)


def test_feeds_of_a_page_are_named() -> None:
    assert feeds_of_page(Document(PAGE), URL) == ["https://news.example/rss"]
