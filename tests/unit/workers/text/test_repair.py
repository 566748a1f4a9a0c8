import pytest

from workers.text.repair import repair


@pytest.mark.parametrize(
    ("markup", "repaired", "what"),
    [
        (
            '<p>See <a href="/a>the report</a> of May.</p><a href="/b">More</a>',
            '<p>See <a href="/a">the report</a> of May.</p><a href="/b">More</a>',
            "a quoted value had no end",
        ),
        ("<p class='x>One.</p><p>Two.</p>", "<p class='x'>One.</p><p>Two.</p>", "a quoted value had no end"),
        (
            "<title>Ferry <meta name=a><p>One.</p>",
            "<title>Ferry </title><meta name=a><p>One.</p>",
            "a title had no end",
        ),
        ("<p>One.</p><!-- ad <p>Two.</p>", "<p>One.</p> ad <p>Two.</p>", "a comment had no end"),
        (
            "<script>track()\n<p>One.</p>",
            "<script>track()\n</script><p>One.</p>",
            "a script, a style sheet or the like had no end",
        ),
    ],
)
def test_text_behind_a_missing_end_is_visible_again(markup: str, repaired: str, what: str) -> None:
    assert repair(markup) == (repaired, (what,))


@pytest.mark.parametrize(
    "markup",
    [
        '<p data-note="<b>bold</b>" class="x">One.</p>',
        '<img alt="a > b"><a onclick=\'go("a>b")\'>x</a>',
        'He wrote: x="5 > 3"!',
        "<title>a &lt; b</title><p>One.</p>",
        "<!-- one --><p>Two.</p><!-- cut off",
        '<script>write("<p>a</p>")</script><p>One.</p>',
        "<script>write('<p>a</p>')",
        "<script src='a.js'/><p>One.</p>",
    ],
)
def test_right_or_undecidable_markup_stays(markup: str) -> None:
    assert repair(markup) == (markup, ())


def test_character_data_is_unwrapped_without_a_note() -> None:
    assert repair("<![CDATA[<p>One.</p>]]>") == ("<p>One.</p>", ())
