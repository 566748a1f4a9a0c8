from __future__ import annotations

import gzip

import pytest

from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError
from services.sources.listing import unzipped
from services.sources.sitemaps import is_sitemap, read_sitemap

SITEMAP = b"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://a.example/1</loc></url>
<url><loc> https://a.example/2 </loc><lastmod>2026-11-23</lastmod></url>
<url><loc>https://a.example/3</loc><n:news><n:publication_date>2026-11-24T10:00:00Z</n:publication_date>
<n:title>Mayor says no</n:title></n:news></url><url/></urlset>"""
INDEX = b"""<sitemapindex><sitemap><loc>https://a.example/s.xml</loc><lastmod>2026-11-24</lastmod></sitemap>
</sitemapindex>"""


def test_pages_are_listed_with_date_and_title_the_newest_first() -> None:
    sitemap = read_sitemap(Document(SITEMAP))
    assert [page.url for page in sitemap.pages] == ["https://a.example/3", "https://a.example/2", "https://a.example/1"]
    assert sitemap.pages[0].title == "Mayor says no"
    assert [page.changed_at and page.changed_at.day for page in sitemap.pages] == [24, 23, None]
    assert sitemap.sitemaps == []


def test_index_lists_sitemaps_and_no_pages() -> None:
    sitemap = read_sitemap(Document(INDEX))
    assert ([each.url for each in sitemap.sitemaps], sitemap.pages) == (["https://a.example/s.xml"], [])


def test_only_sitemaps_are_sitemaps() -> None:
    assert is_sitemap(Document(SITEMAP))
    assert is_sitemap(Document(INDEX))
    assert not is_sitemap(Document(b"<rss/>"))


def test_compressed_sitemap_is_decompressed_within_its_limit() -> None:
    assert unzipped(gzip.compress(SITEMAP), 10_000) == SITEMAP
    assert unzipped(SITEMAP, 10) == SITEMAP
    with pytest.raises(FormatError, match="larger than 100 bytes"):
        unzipped(gzip.compress(b"a" * 10_000), 100)
    with pytest.raises(FormatError, match="is not gzip"):
        unzipped(b"\x1f\x8bnonsense", 100)
