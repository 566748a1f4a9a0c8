from __future__ import annotations

import pytest

from services.api.pagination import Page, decode_cursor, fetch_page
from services.api.problems import ProblemError


@pytest.mark.parametrize(
    ("size", "items", "cursor"), [(2, [0, 1], "after 1"), (3, [0, 1, 2], None), (4, [0, 1, 2], None)]
)
def test_page_has_a_cursor_only_if_more_items_follow(size: int, items: list[int], cursor: str | None) -> None:
    page = fetch_page(lambda limit: list(range(3))[:limit], size, lambda item: f"after {item}")
    assert (page.items, page.next) == (items, cursor)


def test_page_without_items_is_the_last() -> None:
    page: Page[int] = fetch_page(lambda _limit: [], 5, str)
    assert (page.items, page.next) == ([], None)


@pytest.mark.parametrize("cursor", [None, ""])
def test_missing_cursor_is_none(cursor: str | None) -> None:
    assert decode_cursor(int, cursor) is None


def test_foreign_cursor_is_rejected_by_the_name_of_its_parameter() -> None:
    with pytest.raises(ProblemError) as raised:
        decode_cursor(int, "nonsense", "after")
    assert raised.value.problem.status == 422
    assert [error.field for error in raised.value.problem.errors] == ["after"]
