"""A search as an Atom feed."""

from __future__ import annotations

from lxml import etree

from services.api.atom import atom_feed


def test_characters_that_xml_cannot_have_are_left_out_of_title_and_address() -> None:
    feed = etree.fromstring(atom_feed("Statements by a\x1b[31m\x00b\ufffe", "/v1/attributions.atom?text=\x1b", []))
    assert feed.findtext("{*}title") == "Statements by a[31mb"
    assert feed.findtext("{*}id") == "/v1/attributions.atom?text="
