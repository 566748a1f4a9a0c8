import re
from html import unescape

from services.contracts import MediaType
from services.samples import load
from workers.text import to_plain_text


def test_there_are_samples_of_both_media_types_each_its_own() -> None:
    articles = load()
    assert len(articles) >= 6
    assert {article.media_type for article in articles} == {MediaType.TEXT, MediaType.HTML}
    assert len({article.guid for article in articles}) == len(articles)
    assert {(article.feed, article.version) for article in articles} == {("samples", "1")}
    assert all(article.title or article.media_type is MediaType.HTML for article in articles)


def test_every_sample_is_read_without_a_warning_and_at_length() -> None:
    for article in load():
        reading = to_plain_text(article)
        assert reading.warnings == ()
        assert 120 <= len(reading.text[reading.body_start :].split()) <= 450


def test_the_html_samples_lose_no_paragraph() -> None:
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


def test_the_web_page_is_read_without_what_surrounds_the_article() -> None:
    page = next(article for article in load() if article.guid == "sample-museum-web-page")
    text = to_plain_text(page).text
    assert text.startswith("Museum to return bronze horse to Tavira\n\n")
    for noise in ("cookies", "Weather desk", "Ten beaches", "newsletter", "All rights reserved", "Imprint"):
        assert noise not in text
