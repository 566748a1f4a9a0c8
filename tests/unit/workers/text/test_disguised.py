import pytest

from workers.text.disguised import is_markup, is_wholly_markup, plain_title, unescape


@pytest.mark.parametrize(
    "text",
    [
        "<p>The ferry is late.</p><p>It will come.</p>",
        "<!DOCTYPE html><html><body>The ferry is late.</body></html>",
        "The ferry is late.<br><br>It will come.<br/>",
        "The <b>ferry</b> is late.",
        'The <a href="https://ferry.example/">ferry</a> is late.',
        "LORN\n<p>The ferry is late.</p>\n<p>It will come.</p>",
    ],
)
def test_html_is_recognised(text: str) -> None:
    assert is_markup(text)


@pytest.mark.parametrize(
    "text",
    [
        "The ferry is late.",
        "5 < 6 and 7 > 3",
        "Prices rose by <5% and then </ fell",
        "The tag <b> makes text bold.",
        'Write "<p>" before a paragraph and "</p>" after it.',
        "Write `<b>bold</b>` for bold text.",
        "<reporter@wire.example> wrote: </end>",
        "Use <p> before each paragraph, and </p> after it.",
    ],
)
def test_plain_text_is_not_html(text: str) -> None:
    assert not is_markup(text)


def test_only_text_between_tags_is_wholly_markup() -> None:
    assert is_wholly_markup("<p>The ferry is late.</p>")
    assert not is_wholly_markup("Write this: <p>The ferry is late.</p>")
    assert not is_wholly_markup("<p>The ferry is late.</p> is how a paragraph looks.")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Berg&#8217;s &amp; Holt&rsquo;s", "Berg’s & Holt’s"),
        ("&#x201c;No&#x201D;", "“No”"),
        ("R&D; AT&T; &unknown; &copy 2026", "R&D; AT&T; &unknown; &copy 2026"),
    ],
)
def test_entities_with_a_semicolon_are_characters(text: str, plain: str) -> None:
    assert unescape(text) == plain


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Berg&#8217;s plan &amp; its cost", "Berg’s plan & its cost"),
        ("Berg&amp;#8217;s plan", "Berg’s plan"),
        ("<em>Mayor</em> rejects<br/>plan", "Mayor rejects plan"),
        ("&lt;em&gt;Mayor&lt;/em&gt; rejects plan", "Mayor rejects plan"),
        ("Why <b> matters", "Why <b> matters"),
        ("Profit <5% at AT&T", "Profit <5% at AT&T"),
    ],
)
def test_title_has_neither_entities_nor_tags(title: str, plain: str) -> None:
    assert plain_title(title) == plain
