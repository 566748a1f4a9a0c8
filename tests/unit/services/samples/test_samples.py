import re
from html import unescape

from services.contracts import MediaType
from services.samples import load
from workers.text import to_plain_text


def test_samples_have_both_media_types_and_distinct_guids() -> None:
    articles = load()
    assert len(articles) >= 6
    assert {article.media_type for article in articles} == {MediaType.TEXT, MediaType.HTML}
    assert len({article.guid for article in articles}) == len(articles)
    assert {(article.feed, article.version) for article in articles} == {("samples", "1")}
    assert all(article.title or article.media_type is MediaType.HTML for article in articles)


def test_samples_are_parsed_without_warnings_and_have_enough_words() -> None:
    for article in load():
        plain = to_plain_text(article)
        assert plain.warnings == ()
        assert 120 <= len(plain.text[plain.body_start :].split()) <= 450


def test_no_paragraph_of_html_samples_is_lost() -> None:
    checked = 0
    for article in load():
        if article.media_type is not MediaType.HTML:
            continue
        story = article.body.partition("<article>")[2].partition("</article>")[0] or article.body
        words = " ".join(to_plain_text(article).text.split())
        for paragraph in re.findall(r"<(?:p|li|h3|figcaption)>([^\n]*?)</(?:p|li|h3|figcaption)>", story):
            for part in re.split(r"<br */?>", paragraph):
                assert " ".join(unescape(re.sub(r"<[^<>]*>", "", part)).split()) in words
                checked += 1
    assert checked > 20


def test_surroundings_of_the_article_on_a_web_page_are_removed() -> None:
    page = next(article for article in load() if article.guid == "sample-museum-web-page")
    text = to_plain_text(page).text
    assert text.startswith("Museum to return bronze horse to Tavira\n\n")
    for boilerplate in ("cookies", "Weather desk", "Ten beaches", "newsletter", "All rights reserved", "Imprint"):
        assert boilerplate not in text
