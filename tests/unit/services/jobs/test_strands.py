from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.contracts import Article, MediaType
from services.jobs.strands import _is_same_story

TITLE, TEXT = "Mayor rejects tram plan", "Mayor Ida Berg said on Monday that the tram plan was reckless."
OTHER_TITLE, OTHER_TEXT = "Snow closes harbour", "Two ferries stayed in port as snow fell over the northern coast."


def stored(title: str | None, body: str | None, media_type: str = "text/plain") -> Any:
    return SimpleNamespace(title=title, body=body, media_type=media_type)


@pytest.mark.parametrize(
    ("row", "is_same"),
    [
        (stored(TITLE, OTHER_TEXT), True),
        (stored("Mayor rejects plan, again", OTHER_TEXT), True),
        (stored(OTHER_TITLE, TEXT), True),
        (stored(OTHER_TITLE, f"<p>{TEXT}</p><p>{OTHER_TEXT}</p>", "text/html"), True),
        (stored(OTHER_TITLE, OTHER_TEXT), False),
        (stored("", ""), False),
        (stored(None, OTHER_TEXT), True),  # nothing to compare with
        (stored(OTHER_TITLE, None), True),
    ],
)
def test_article_is_of_the_story_whose_title_or_text_it_resembles(row: Any, *, is_same: bool) -> None:
    assert _is_same_story(Article(title=TITLE, body=TEXT, media_type=MediaType.TEXT), row) is is_same


def test_article_without_a_title_cannot_be_told_apart() -> None:
    assert _is_same_story(Article(body=TEXT), stored(OTHER_TITLE, OTHER_TEXT))
