import time

import pytest

from services.contracts import Article, MediaType
from workers.text import PlainText, to_plain_text

STORY = [
    "The council of Lorn voted on Monday to rebuild the old bridge in stone, its chairwoman said after a long debate.",
    "“A bridge is a promise,” Edda Marsh told the chamber. “We intend to keep it before the winter of next year.”",
    "The opposition rejected the plan. Its leader, Paul Rennick, said that the town could not afford a second promise.",
    "Engineers had warned in spring that the piers would not survive another flood of the kind seen four years ago.",
    "Work is due to begin in April, and the ferry will run twice as often until the bridge is open to traffic again.",
]
CHROME = {
    "nav": "<nav><ul><li><a href='/'>Home page</a></li><li><a href='/s'>Sport pages</a></li></ul></nav>",
    "cookie": "<div class='cookie-consent' role='dialog'><p>We use cookies to make this site better.</p></div>",
    "aside": "<aside><h2>Most read</h2><ul><li><a href='/a'>Ferry fares to rise again</a></li></ul></aside>",
    "footer": "<footer><p>All rights reserved by the Lorn Gazette.</p></footer>",
}
NOISE = ["Home page", "Sport pages", "We use cookies", "Ferry fares", "All rights reserved"]


def page(content: str, head: str = "<title>Bridge to be rebuilt | Lorn Gazette</title>") -> str:
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>{head}<script>track()</script></head><body>"
        f"{CHROME['cookie']}<header>{CHROME['nav']}</header>{content}{CHROME['aside']}{CHROME['footer']}</body></html>"
    )


def reading(body: str, title: str | None = None) -> PlainText:
    return to_plain_text(Article(title=title, body=body, media_type=MediaType.HTML))


def marked(paragraphs: list[str]) -> str:
    return "".join(f"<p>{text}</p>" for text in paragraphs)


@pytest.mark.parametrize(
    "content",
    [
        f"<main><article><h1>Lorn to rebuild its bridge</h1>{marked(STORY)}</article></main>",
        f"<div id='content'><div class='article-body'>{marked(STORY)}</div></div>",
        f"<main><h1>Lorn to rebuild its bridge</h1>{marked(STORY)}</main>",
    ],
    ids=["article", "divs", "main"],
)
def test_the_article_survives_and_what_is_around_it_does_not(content: str) -> None:
    result = reading(page(content))
    assert [text for text in STORY if text in result.text] == STORY
    assert [noise for noise in NOISE if noise in result.text] == []
    assert result.warnings == ()


def test_a_page_names_its_own_title() -> None:
    inside = reading(page(f"<article><h1>Lorn to <i>rebuild</i> its bridge</h1>{marked(STORY)}</article>"))
    assert inside.text.startswith("Lorn to rebuild its bridge\n\nThe council")
    assert inside.text[inside.body_start :].startswith("The council")
    meta = "<meta property='og:title' content='Stone for the bridge'><title>Other | Lorn Gazette</title>"
    assert reading(page(f"<article>{marked(STORY)}</article>", meta)).text.startswith(
        "Stone for the bridge\n\nThe council"
    )
    assert reading(page(f"<article>{marked(STORY)}</article>")).text.startswith(
        "Bridge to be rebuilt | Lorn Gazette\n\n"
    )
    assert reading(page(f"<article>{marked(STORY)}</article>"), "As pushed").text.startswith("As pushed\n\nThe council")


def test_what_trafilatura_drops_is_taken_from_the_pages_own_structure() -> None:
    # A class of this name makes trafilatura take the paragraphs for what readers wrote below.
    hidden_from_it = "".join(f"<div class='comments'><p>{text}</p></div>" for text in STORY)
    result = reading(page(f"<article>{marked(STORY[:1])}{hidden_from_it}</article>"))
    assert [text for text in STORY if text in result.text] == STORY
    assert [noise for noise in NOISE if noise in result.text] == []
    assert [warning.code for warning in result.warnings] == ["page_extraction_fallback"]


def test_a_page_too_large_for_trafilatura_is_read_by_its_structure() -> None:
    result = reading(page(f"<article>{marked([*STORY, *['Short.'] * 10_000])}</article>"))
    assert result.text.count("Short.") == 10_000
    assert [warning.code for warning in result.warnings] == ["page_extraction_fallback"]
    assert [noise for noise in NOISE if noise in result.text] == []


def test_tables_in_tables_are_read_by_their_structure() -> None:
    def nested(depth: int) -> str:
        return page(f"<article>{marked(STORY)}{'<table><tr><td>' * depth}cell{'</td></tr></table>' * depth}</article>")

    assert reading(nested(6)).warnings == ()
    begun = time.thread_time()
    deep = reading(nested(3_000))
    assert time.thread_time() - begun < 2
    assert [warning.code for warning in deep.warnings] == ["page_extraction_fallback"]
    assert [text for text in STORY if text in deep.text] == STORY


def test_the_article_among_teasers_is_the_one_with_most_prose() -> None:
    teasers = "".join(f"<article><h2>Teaser {n}</h2><p>Short.</p></article>" for n in range(5))
    result = reading(
        page(f"{teasers}<article><h1>Bridge</h1>{marked([*STORY, *['Short.'] * 10_000])}</article>{teasers}")
    )
    assert "Teaser" not in result.text
    assert result.text.startswith("Bridge\n\n")


def test_an_agency_text_in_html_and_body_is_not_cut() -> None:
    short = ["One.", "Two, he said.", "Read more: Three"]
    result = reading(f"<html><head><title>No title of ours</title></head><body>{marked(short)}</body></html>")
    assert result.text == "One.\n\nTwo, he said.\n\nRead more: Three"
