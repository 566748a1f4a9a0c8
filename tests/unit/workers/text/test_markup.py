import pytest

from workers.text.cleaning import clean
from workers.text.markup import element_text, parse


def text_of(markup: str) -> str:
    root = parse(markup)
    return "" if root is None else clean(element_text(root))


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One <b>bo</b>ld <i>word</i>s.</p>", "One bold words."),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>two<br/><br />three", "One\ntwo\n\nthree"),
        ("<div>One<div>two</div>three</div>", "One\n\ntwo\n\nthree"),
        ("<p>line one\nline\t two</p>", "line one line two"),
        ("<ul><li>first</li><li>second</ul>", "first\n\nsecond"),
        ("<table><tr><th>A</th><td>B</td></tr><tr><td>C</td></tr></table>", "A B\nC"),
        ("<pre>one\n  two</pre>", "one\ntwo"),
        ("<p>a<!-- no --><script>no()</script><style>no{}</style><template>no</template>b</p>", "ab"),
        ("<p>a</p><p hidden>no</p><p style='DISPLAY : none'>no</p>tail", "a\n\ntail"),
        ("<p>&amp;lt; &ldquo;x&rdquo; &#8212; &nbsp;&euro;</p>", "&lt; “x” — €"),
        ("<p>He said <q>no</q>.</p>", "He said “no”."),
        (
            "<figure><img alt='x'><figcaption>A caption</figcaption></figure><p><a>Read more</a></p>",
            "A caption\n\nRead more",
        ),
        ("<news-quote>one</news-quote> <x-y>two</x-y>", "one two"),
        ("<p>unclosed <b>bold<p>next", "unclosed bold\n\nnext"),
        ("no markup at all", "no markup at all"),
        ("5 < 6 & 7 > 3", "5 < 6 & 7 > 3"),
        ("<!-- nothing -->", ""),
        ("<del>old</del><ins>new</ins>", "new"),
        ("<html><body><p>one</p></body></html><p>two</p>", "one\n\ntwo"),
        (
            "<html><body><p>one</p></body></html><html><head><title>no</title></head><body>two</body></html>",
            "one\n\ntwo",
        ),
        ("<html><body><p>one</p></body></html><script>no()</script><img src=a><!-- no -->", "one"),
        ("<p>o\x02ne\x0bt\x1cwo\ufffe</p><p>&#1;three</p>", "one t wo\n\nthree"),
        ("<p title='\x02'>one</p>", "one"),
        ("<p>one <ahref='https://a.example/x'>two</a> three</p><p>four</p>", "one two three\n\nfour"),
        ('one<p"lead">two</p>three<p>four</p>', "one\n\ntwothree\n\nfour"),
        ("one<div<p>two</p></div><p>three</p>", "one\n\ntwo\n\nthree"),
        ("<script='async' src='a.js'></script><p>one</p>", "one"),
        ("<p {count}='' :href='x' @click='y' 1=2>one <a {{ url }}>two</a></p>", "one two"),
        ("<html:p>one</html:p><html:p>t<html:b>w</html:b>o</html:p>", "one\n\ntwo"),
        (
            "<h:div xmlns:h='http://www.w3.org/1999/xhtml'><h:p>one</h:p><h:script>no</h:script><h:p>two</h:p></h:div>",
            "one\n\ntwo",
        ),
        ("<o:p>one</o:p> <o:p>two</o:p>", "one two"),
    ],
)
def test_fragment_is_converted_to_text(markup: str, text: str) -> None:
    assert text_of(markup) == text


def paragraphs() -> list[str]:
    speakers = ["the mayor", "her deputy", "a union leader", "the bishop", "one resident"]
    return [
        f"Paragraph {n}: “We are in favour of point {n},” {speakers[n % 5]} said in Lorn on day {n}." for n in range(30)
    ]


@pytest.mark.parametrize(
    "style", ["p", "p unclosed", "div", "br", "br in one p", "blockquote", "lists", "inline", "table", "mixed"]
)
def test_every_paragraph_of_agency_body_is_kept(style: str) -> None:
    expected = paragraphs()
    wrap = {
        "p": "<p>{}</p>",
        "p unclosed": "<p class=x>{}\n",
        "div": "<div>{}</div>\n",
        "br": "{}<br><br>",
        "br in one p": "{}<br/>\n<br/>",
        "blockquote": "<blockquote><p>{}</p></blockquote>",
        "lists": "<ul><li>{}</li></ul>",
        "inline": "<p><b><span>{}</span></b></p>",
        "table": "<table><tr><td><p>{}</p></td></tr></table>",
    }
    styles = list(wrap.values())
    marked = [
        (styles[n % len(styles)] if style == "mixed" else wrap[style]).format(text) for n, text in enumerate(expected)
    ]
    body = "".join(marked)
    assert text_of(f"<p>{body}</p>" if style == "br in one p" else body).split("\n\n") == expected


def test_deep_nesting_keeps_text_and_breaks() -> None:
    deep = (
        "<div>" * 100_000 + "one <b>two</b> <i>th</i>ree<p>four</p><script>no()</script><br>five" + "</div>" * 100_000
    )
    assert text_of(f"<p>before</p>{deep}<p>after</p>") == "before\n\none two three\n\nfour\n\nfive\n\nafter"


def test_encoding_declared_in_markup_is_ignored() -> None:
    assert text_of("<meta charset='iso-8859-1'><p>“Zoë”</p>") == "“Zoë”"
