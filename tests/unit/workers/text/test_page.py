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


def read_page(body: str, title: str | None = None) -> PlainText:
    return to_plain_text(Article(title=title, body=body, media_type=MediaType.HTML))


def as_paragraphs(paragraphs: list[str]) -> str:
    return "".join(f"<p>{text}</p>" for text in paragraphs)


@pytest.mark.parametrize(
    "content",
    [
        f"<main><article><h1>Lorn to rebuild its bridge</h1>{as_paragraphs(STORY)}</article></main>",
        f"<div id='content'><div class='article-body'>{as_paragraphs(STORY)}</div></div>",
        f"<main><h1>Lorn to rebuild its bridge</h1>{as_paragraphs(STORY)}</main>",
    ],
    ids=["article", "divs", "main"],
)
def test_article_is_extracted_without_surroundings(content: str) -> None:
    result = read_page(page(content))
    assert [text for text in STORY if text in result.text] == STORY
    assert [noise for noise in NOISE if noise in result.text] == []
    assert result.warnings == ()


def test_title_is_read_from_page_unless_pushed() -> None:
    inside = read_page(page(f"<article><h1>Lorn to <i>rebuild</i> its bridge</h1>{as_paragraphs(STORY)}</article>"))
    assert inside.text.startswith("Lorn to rebuild its bridge\n\nThe council")
    assert inside.text[inside.body_start :].startswith("The council")
    meta = "<meta property='og:title' content='Stone for the bridge'><title>Other | Lorn Gazette</title>"
    assert read_page(page(f"<article>{as_paragraphs(STORY)}</article>", meta)).text.startswith(
        "Stone for the bridge\n\nThe council"
    )
    assert read_page(page(f"<article>{as_paragraphs(STORY)}</article>")).text.startswith(
        "Bridge to be rebuilt | Lorn Gazette\n\n"
    )
    assert read_page(page(f"<article>{as_paragraphs(STORY)}</article>"), "As pushed").text.startswith(
        "As pushed\n\nThe council"
    )


def test_text_dropped_by_trafilatura_is_read_from_page_structure() -> None:
    # This class name makes trafilatura take the paragraphs for comments of readers.
    as_comments = "".join(f"<div class='comments'><p>{text}</p></div>" for text in STORY)
    result = read_page(page(f"<article>{as_paragraphs(STORY[:1])}{as_comments}</article>"))
    assert [text for text in STORY if text in result.text] == STORY
    assert [noise for noise in NOISE if noise in result.text] == []
    assert [warning.code for warning in result.warnings] == ["page_extraction_fallback"]


def test_page_too_large_for_trafilatura_is_read_from_structure() -> None:
    result = read_page(page(f"<article>{as_paragraphs([*STORY, *['Short.'] * 10_000])}</article>"))
    assert result.text.count("Short.") == 10_000
    assert [warning.code for warning in result.warnings] == ["page_extraction_fallback"]
    assert [noise for noise in NOISE if noise in result.text] == []


def test_deeply_nested_tables_are_read_from_structure() -> None:
    def nested(depth: int) -> str:
        return page(
            f"<article>{as_paragraphs(STORY)}{'<table><tr><td>' * depth}cell{'</td></tr></table>' * depth}</article>"
        )

    assert read_page(nested(6)).warnings == ()
    began = time.thread_time()
    deep = read_page(nested(3_000))
    assert time.thread_time() - began < 2
    assert [warning.code for warning in deep.warnings] == ["page_extraction_fallback"]
    assert [text for text in STORY if text in deep.text] == STORY


def test_article_with_most_prose_is_chosen_among_teasers() -> None:
    teasers = "".join(f"<article><h2>Teaser {n}</h2><p>Short.</p></article>" for n in range(5))
    result = read_page(
        page(f"{teasers}<article><h1>Bridge</h1>{as_paragraphs([*STORY, *['Short.'] * 10_000])}</article>{teasers}")
    )
    assert "Teaser" not in result.text
    assert result.text.startswith("Bridge\n\n")


def test_agency_text_in_html_wrapper_is_kept_whole() -> None:
    short = ["One.", "Two, he said.", "Read more: Three"]
    result = read_page(f"<html><head><title>No title of ours</title></head><body>{as_paragraphs(short)}</body></html>")
    assert result.text == "One.\n\nTwo, he said.\n\nRead more: Three"
