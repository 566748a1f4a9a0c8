"""Hostile HTML: generators of about a given number of characters of one kind of malformed markup."""

from __future__ import annotations

from itertools import count
from typing import Final

from tests.hostile.texts import NEWS, Text, numbered, repeated

_PARAGRAPH: Final = f"<p>{NEWS.strip()}</p>"


def _page(text: Text) -> Text:
    """Put the markup into a whole page, from which the article has to be extracted."""
    return lambda size: (
        "<!DOCTYPE html><html><head><title>Bridge</title></head><body><nav><a href='/'>Home</a></nav>"
        f"<article>{_PARAGRAPH * 3}</article><div>{text(size)}</div><footer>All rights reserved</footer></body></html>"
    )


def _fragment(text: Text) -> Text:
    """Put the markup into an HTML fragment, as news agencies send."""
    return lambda size: _PARAGRAPH + text(size)


def _nested(tag: str) -> Text:
    return lambda size: f"<{tag}>" * (size // (2 * len(tag) + 5)) + "deep" + f"</{tag}>" * (size // (2 * len(tag) + 5))


def _attributes(size: int) -> str:
    pieces, length = [], 0
    for number in count():
        pieces.append(f' a{number}="v"')
        length += len(pieces[-1])
        if length >= size:
            return f"<p{''.join(pieces)}>many attributes</p>"
    raise AssertionError("count() has no end")


def _laughs(size: int) -> str:
    """Return a "billion laughs" attack: each entity expands to ten of the previous one."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]><p>' + "&l9;" * (size // 4) + "</p>"


MARKUP: Final[dict[str, Text]] = {
    "open-tags": repeated("<p>"),
    "open-brackets": repeated("<"),
    "open-comments": repeated("<!-- "),
    "comment-unclosed": lambda size: "<!--" + "a" * size,
    "closing-tags": repeated("</div>"),
    "nested-divs": _nested("div"),
    "nested-bold": _nested("b"),
    "nested-quotes": _nested("q"),
    "nested-lists": _nested("ul"),
    "nested-articles": _nested("article"),
    "nested-tables": _nested("table"),
    "nested-unclosed": repeated("<div>a"),
    "attributes": _attributes,
    "attribute-long": lambda size: f'<p title="{"a" * size}">long</p>',
    "attribute-unclosed": lambda size: '<p title="' + "a" * size,
    "entities": repeated("&amp;&lt;&quot;&nbsp;&#8220;&#x201d;"),
    "entities-broken": repeated("&amp &# &#x &#99999999; &unknown;"),
    "entities-nul": repeated("&#0;&#xD800;&#x1F600;"),
    "entity-bomb": _laughs,
    "external-entity": lambda size: (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + "<p>&e;</p>" * (size // 10)
    ),
    "cdata": repeated("<![CDATA[ <p>a</p> ]]>"),
    "processing": repeated("<?php echo 1 ?>"),
    "script": lambda size: "<script>" + "x='</p>';" * (size // 9) + "</script>",
    "script-unclosed": lambda size: "<script>" + "a" * size,
    "style-inside": repeated("<p style='display: none'>hidden</p>"),
    "svg": repeated("<svg><text>a</text><path d='M0 0'/></svg>"),
    "misnested": repeated("<b><i>a</b></i>"),
    "table-soup": repeated("<tr><td>a<table><p>"),
    "line-breaks": repeated("<br>"),
    "line-breaks-words": repeated("a<br/>"),
    "empty-paragraphs": repeated("<p></p>"),
    "short-paragraphs": repeated("<p>a</p>"),
    "links": repeated("<a href='https://example.org/a'>a link</a> "),
    "list": repeated("<li>item"),
    "quotes": repeated("<q>No</q> said Ann Lee. "),
    "headings": repeated("<h1>A</h1><h2>B</h2>"),
    "new-tags": numbered("<x{}>a"),
    "uppercase": repeated("<P CLASS=A>A</P>"),
    "base64-image": lambda size: f"<img src='data:image/png;base64,{'A' * size}'>",
    "template": repeated("{{ x }}<% y %>"),
    "blanks-in-tags": lambda size: "<p" + " " * size + ">a</p>",
    "meta-charset": repeated("<meta charset='utf-16'>"),
    "form-soup": repeated("<form><input><select><option>a"),
    "frames": repeated("<iframe src='x'></iframe><object></object>"),
    "pre": lambda size: "<pre>" + "a\n" * (size // 2) + "</pre>",
    "comments-class": repeated("<div class='comment'><p>A reader said: “No.”</p></div>"),
    "spans": repeated("<span>a</span>"),
    "xml-header": lambda size: "<?xml version='1.0' encoding='UTF-16'?>" + "<p>a</p>" * (size // 8),
}
FRAGMENTS: Final[dict[str, Text]] = {f"fragment-{name}": _fragment(text) for name, text in MARKUP.items()}
PAGES: Final[dict[str, Text]] = {f"page-{name}": _page(text) for name, text in MARKUP.items()}
