from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from services.contracts import Article, MediaType
from services.jobs.accept import identity_of

BASE: dict[str, Any] = {"feed": "wire", "title": "T", "byline": "B", "language": "en", "body": "One."}


def article(**fields: Any) -> Article:
    return Article(**(BASE | fields))


@pytest.mark.parametrize("field", ["url", "published_at"])
def test_where_and_when_it_appeared_is_no_content(field: str) -> None:
    value = "https://example.org/1" if field == "url" else "2026-11-23T20:15:02Z"
    assert article(**{field: value}).content_hash() == article().content_hash()


@pytest.mark.parametrize(
    "other", [{"title": None}, {"byline": "C"}, {"language": None}, {"body": "Two."}, {"media_type": MediaType.HTML}]
)
def test_what_is_analysed_is_content(other: dict[str, Any]) -> None:
    assert article(**other).content_hash() != article().content_hash()


@pytest.mark.parametrize(
    "other",
    [
        '<div data-t="2"><p>One &amp; two.</p></div><script>var nonce = 2</script>',
        "<html><head><title>T</title></head><body>One <b>&#38;</b> two.<!-- 2 --></body></html>",
        "<p>One &amp;\n  two.</p>",
    ],
)
def test_same_text_in_other_markup_is_the_same_content(other: str) -> None:
    first = article(body="<p>One &amp; two.</p>", media_type=MediaType.HTML)
    second = article(body=other, media_type=MediaType.HTML)
    assert first.content_hash() == second.content_hash()
    assert identity_of(first) == identity_of(second)
    assert first.word_count() == second.word_count() == 3


@pytest.mark.parametrize("other", ["<p>One &amp; too.</p>", "<p>One two.</p>", "<p>One &amp; two.</p><script>x"])
def test_other_text_in_markup_is_other_content(other: str) -> None:
    first = article(body="<p>One &amp; two.</p>", media_type=MediaType.HTML)
    assert article(body=other, media_type=MediaType.HTML).content_hash() != first.content_hash()


def test_pages_without_visible_text_are_told_apart_by_their_markup() -> None:
    first, second = (article(body=f"<script>load({n})</script>", media_type=MediaType.HTML) for n in (1, 2))
    assert first.content_hash() != second.content_hash()


def test_a_field_cannot_slip_into_the_next() -> None:
    assert article(title="T", byline="B").content_hash() != article(title='T", "B', byline=None).content_hash()
    assert article(title="TB", byline=None).content_hash() != article(title="T", byline="B").content_hash()


def test_guid_and_version_name_an_article_whatever_it_holds() -> None:
    named = {"guid": "a1", "version": "1"}
    assert identity_of(article(**named)) == identity_of(article(**named, body="Two."))


def test_what_differs_in_name_is_another_article() -> None:
    all_different = [
        article(),
        article(body="Two."),
        article(feed="other"),
        article(guid="a1"),
        article(guid="a1", body="Two."),
        article(guid="a1", version="1"),
        article(guid="a1", version="2"),
        article(guid="a2", version="1"),
        article(guid="a11", version=None),
        article(version="1"),
    ]
    assert all(identity_of(first) != identity_of(second) for first, second in combinations(all_different, 2))


def test_the_hash_of_known_content_stays_what_it_is() -> None:
    """It is stored: another hash would make every article new."""
    assert article().content_hash() == "f5873b7972f45006751d30e2acdade4dd596b3901a36cb0ee022044fe0b9b0ac"
