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
