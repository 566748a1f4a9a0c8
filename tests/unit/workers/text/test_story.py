"""Which parts of a page are its story. Every page has a story of five paragraphs and something around or inside it."""

import pytest

from workers.text.markup import parse
from workers.text.page import fragment_text, page_text

STORY = [
    "The council of Lorn voted on Monday to rebuild the old bridge in stone, its chairwoman said after a long debate.",
    "“A bridge is a promise,” Edda Marsh told the chamber. “We intend to keep it before the winter of next year.”",
    "The opposition rejected the plan. Its leader, Paul Rennick, said that the town could not afford a second promise.",
    "Engineers had warned in spring that the piers would not survive another flood of the kind seen four years ago.",
    "Work is due to begin in April, and the ferry will run twice as often until the bridge is open to traffic again.",
]
PARAGRAPHS = "".join(f"<p>{text}</p>" for text in STORY)
COMMENT = "I do not believe a word of what she says, and nobody on our street does; she promised us a school as well."
TEASER = "The owner of the fish market denied on Friday that he had sold last week's catch to the visitors of the fair."
CHROME = {
    "comments": f"<div id='comments'><h3>Comments</h3>{f'<div><b>anna</b><p>{COMMENT}</p></div>' * 9}</div>",
    "comment-list": f"<ol class='comment-list'>{f'<li><p>{COMMENT}</p></li>' * 9}</ol>",
    "related": f"<div class='related-posts'>{f'<div><h4>Fish market</h4><div>{TEASER}</div></div>' * 9}</div>",
    "teasers": f"<div class='more'><h3>More</h3>{f'<div class=teaser><a>Fish</a><div>{TEASER}</div></div>' * 9}</div>",
    "share": "<div class='share'>Share on Facebook Share by mail Link copied</div>",
    "newsletter": "<div class='newsletter-box'><p>Get the best of Lorn in your inbox every morning.</p></div>",
    "form": "<form><label>Your address</label><p>By signing up you accept what we wrote down here for you.</p></form>",
    "aside": f"<aside><p>{TEASER}</p></aside>",
    "link line": "<p><a href='/f'>Fish market: owner denies that he sold last week's catch</a></p>",
    "author": "<div class='author-bio'><p>Ann Author has written about bridges for more than ten years.</p></div>",
    "button": "<button>Open the gallery of pictures</button>",
}


def page(content: str) -> str:
    return (
        "<!doctype html><html><head><title>Bridge</title></head><body><nav><a href='/'>Home</a></nav>"
        f"<div class='page'><div class='story'>{content}</div></div><footer>All rights reserved</footer></body></html>"
    )


def story_of(markup: str) -> list[str]:
    return page_text(parse(markup))[0].split("\n\n")


@pytest.mark.parametrize("name", CHROME)
@pytest.mark.parametrize("container", ["article", "div"])
def test_chrome_inside_the_article_is_left_out(name: str, container: str) -> None:
    assert story_of(page(f"<{container}>{PARAGRAPHS}{CHROME[name]}</{container}>")) == STORY


@pytest.mark.parametrize("name", CHROME)
def test_chrome_between_paragraphs_is_left_out(name: str) -> None:
    between = "".join(f"<p>{text}</p>{CHROME[name] if text == STORY[2] else ''}" for text in STORY)
    assert story_of(page(f"<article>{between}</article>")) == STORY


@pytest.mark.parametrize("name", ["form", "newsletter", "aside", "share", "button", "related"])
def test_chrome_of_an_agency_fragment_is_left_out(name: str) -> None:
    root = parse(f"{PARAGRAPHS}{CHROME[name].replace(TEASER, 'Fish.')}")
    assert fragment_text(root).split("\n\n") == STORY


@pytest.mark.parametrize(
    "wrapper",
    [
        "<form id='aspnetForm'>{}</form>",
        "<div class='comments'>{}</div>",
        "<div class='related content'>{}</div>",
        "<section role='search'>{}</section>",
        "<div class='post tag-newsletter category-trending share'>{}</div>",
    ],
)
def test_story_in_an_element_with_the_name_of_chrome_is_kept(wrapper: str) -> None:
    assert story_of(page(wrapper.format(PARAGRAPHS))) == STORY
    assert fragment_text(parse(wrapper.format(PARAGRAPHS))).split("\n\n") == STORY


def test_sections_that_trafilatura_misses_are_kept() -> None:
    section = "<section class='part'><div class='inner'>{}</div></section><figure><img src='a.jpg'></figure>"
    parts = "".join(section.format(f"<p>{text}</p>" * 3) for text in STORY)
    assert [text for text in STORY if text not in story_of(page(f"<article>{parts}</article>"))] == []


def test_quoted_post_between_paragraphs_is_kept() -> None:
    post = "<blockquote class='twitter-tweet'><p>No bridge for <a href='#'>#Lorn</a>, no vote</p></blockquote>"
    content = PARAGRAPHS.replace(f"<p>{STORY[3]}", f"{post}<p>{STORY[3]}")
    assert "No bridge for #Lorn, no vote" in story_of(page(f"<article>{content}</article>"))


def test_page_of_short_lines_is_kept() -> None:
    lines = ["Ferry cancelled.", "Next one: noon.", "Bring a coat."]
    markup = page("".join(f"<p>{text}</p>" for text in lines))
    assert [text for text in lines if text not in story_of(markup)] == []


def test_large_page_with_a_short_story_is_read() -> None:
    # Three megabytes of scripts, styles and links beside a story of a hundred words.
    noise = "<script>var data = '" + "x" * 1_000_000 + "'</script><style>" + "p{color:red}" * 100_000 + "</style>"
    links = "<ul class='links'>" + "<li><a href='/some/page'>Some page</a></li>" * 20_000 + "</ul>"
    assert story_of(page(f"{noise}<article>{PARAGRAPHS}</article>{links}")) == STORY
