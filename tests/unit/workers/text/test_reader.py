import time

import pytest

from services.contracts import Article, MediaType
from services.errors import PermanentError
from tests.hostile.service import FUZZ
from workers.text import PlainText, to_plain_text


def read_body(body: str, title: str | None = None, media_type: MediaType = MediaType.TEXT) -> PlainText:
    return to_plain_text(Article(title=title, body=body, media_type=media_type, language="en"))


@pytest.mark.parametrize(
    ("title", "body", "text", "body_start"),
    [
        (None, "He said no.", "He said no.", 0),
        ("Talks fail", "He said no.", "Talks fail\n\nHe said no.", 12),
        ("Talks fail", "TALKS  fail\n\nHe said no.", "TALKS fail\n\nHe said no.", 12),
        ("Talks fail", "Talks\nfail\nHe said no.", "Talks\nfail\nHe said no.", 11),
        ("Talks fail", "Talks fail in Lorn.", "Talks fail in Lorn.", 0),
        ("Talks fail", "Talks failed.", "Talks fail\n\nTalks failed.", 12),
        ("Talks fail", "Talks fail", "Talks fail", 10),
        ("Talks fail badly", "Talks fail", "Talks fail badly\n\nTalks fail", 18),
        ("Talks\u200b \u00a0fail ", "\ufeffHe said no.", "Talks fail\n\nHe said no.", 12),
    ],
)
def test_title_and_body_are_joined(title: str | None, body: str, text: str, body_start: int) -> None:
    result = read_body(body, title)
    assert (result.text, result.body_start) == (text, body_start)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ("\u200b \u00ad", MediaType.TEXT),
        ("<p> &nbsp; </p>", MediaType.HTML),
        ("<script>x()</script>", MediaType.HTML),
        ("<!--", MediaType.HTML),
        ("</p>", MediaType.HTML),
    ],
)
def test_body_without_text_is_rejected(body: str, media_type: MediaType) -> None:
    with pytest.raises(PermanentError) as caught:
        read_body(body, "A title is not enough", media_type)
    assert caught.value.code == "no_text"


@pytest.mark.parametrize(
    ("body", "media_type", "text", "codes"),
    [
        ("<p>He said <b>no</b>.</p><p>She left.</p>", MediaType.TEXT, "He said no.\n\nShe left.", ["markup_in_text"]),
        ("He said <b>no</b>.\n\nShe left.", MediaType.TEXT, "He said no.\n\nShe left.", ["markup_in_text"]),
        ("&lt;p&gt;He left.&lt;/p&gt;", MediaType.TEXT, "He left.", ["markup_in_text"]),
        ("He&#8217;s out &amp; she left.", MediaType.TEXT, "He’s out & she left.", ["markup_in_text"]),
        (
            "&lt;p&gt;He left.&lt;/p&gt;&lt;p&gt;She too.&lt;/p&gt;",
            MediaType.HTML,
            "He left.\n\nShe too.",
            ["markup_escaped"],
        ),
        ("<p>Use &lt;p&gt; and &lt;/p&gt;.</p>", MediaType.HTML, "Use <p> and </p>.", []),
        ("<p>He said “noâ€\x9d.</p>", MediaType.HTML, "He said “no”.", ["encoding_repaired"]),
        ("<p>He&acirc;&euro;&trade;s out.</p>", MediaType.HTML, "He’s out.", ["encoding_repaired"]),
        ("Itâ€™s out.", MediaType.TEXT, "It’s out.", ["encoding_repaired"]),
        (
            "<p>One <a href='x>two</a>.</p><p class='y'>Three.</p>",
            MediaType.HTML,
            "One two.\n\nThree.",
            ["markup_repaired"],
        ),
        ("He wrote <3 and 5 < 6.", MediaType.TEXT, "He wrote <3 and 5 < 6.", []),
    ],
)
def test_body_in_disguise_is_repaired_with_a_warning(
    body: str, media_type: MediaType, text: str, codes: list[str]
) -> None:
    result = read_body(body, media_type=media_type)
    assert (result.text, [warning.code for warning in result.warnings]) == (text, codes)


def test_title_is_plain_text() -> None:
    assert read_body("He left.", "Berg&#8217;s <i>plan</i> &amp; itâ€™s cost").text.startswith(
        "Berg’s plan & it’s cost\n\n"
    )


def test_text_longer_than_limit_is_rejected() -> None:
    article = Article(title="ab", body="c" * 6 + " " * 50, language="en")
    assert len(to_plain_text(article, limit=10).text) == 10
    with pytest.raises(PermanentError) as caught:
        to_plain_text(article, limit=9)
    assert caught.value.code == "text_too_long"


HOSTILE = {
    "nested": "<div>",
    "nested_text": "<div>a ",
    "lt": "<",
    "amp": "&",
    "soup": "&<;>",
    "entities": "&lt;",
    "references": "&#xd800;&#0;&#x110000;",
    "unclosed_p": "<p>",
    "unclosed_inline": "<p><b>",
    "unclosed_quote": "<a href='",
    "unclosed_comment": "<!--",
    "unclosed_script": "<script>",
    "crossed": "<a></b>",
    "items": "<li>a ",
    "tables": "<table><tr><td>a ",
    "attributes": "<a b=c ",
    "br": "<br>",
    "articles": "<article><p>a</p></article>",
    "nested_articles": "<article><p>a ",
    "forms": "<form>a</form>",
    "fonts": "<b><p>a</b>",
    "processing": "<?a",
    "cdata": "<![CDATA[a",
    "posts": "<div class='post-body'><p>The man said so.</p></div>",
}
SINGLE = {
    "huge_attribute": "<p title='" + "a" * 250_000 + "'>kept</p>",
    "many_attributes": "<p " + " ".join(f"a{n}=b" for n in range(25_000)) + ">kept</p>",
    "blank_style": "<p style='" + "display " * 25_000 + "'>kept</p>",
    "articles_in_articles": "<article>" * 1000 + "<p>The man said so.</p>" * 5_000,
    "controls": "<p>a\x01\x02\x1b\x7f\x80</p>" * 5_000,
}


SIZE = 1_000_000 if FUZZ else 250_000  # characters; `tests/fuzz/test_growth.py` checks that time is linear


@pytest.mark.parametrize("wrapper", ["", "<html><body><nav>n</nav>"], ids=["fragment", "page"])
@pytest.mark.parametrize("name", [*HOSTILE, *SINGLE])
def test_hostile_markup_gives_text_or_error_in_seconds(name: str, wrapper: str) -> None:
    body = SINGLE[name] if name in SINGLE else HOSTILE[name] * (SIZE // len(HOSTILE[name]))
    article = Article(body=wrapper + body, media_type=MediaType.HTML, language="en")
    began = time.process_time()
    try:
        result = to_plain_text(article, limit=2_000_000)
    except PermanentError as error:
        assert error.code in {"no_text", "language_unsupported"}  # noqa: PT017 - both outcomes are right, other errors are not
    else:
        assert result.text.strip()
    assert time.process_time() - began < 15 * SIZE / 1_000_000 + 2
