"""Accessibility of every page, checked with axe in light on a desktop and in dark on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.browser import DESKTOP, PHONE, Watch, serious_violations
from tests.support.console_pages import page_paths
from tests.support.stack import Stack


@pytest.mark.parametrize(("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light-desktop", "dark-phone"])
def test_pages_have_no_serious_accessibility_violations(
    open_window: Callable[..., Page], stack: Stack, watch: Watch, scheme: str, size: tuple[int, int]
) -> None:
    page = open_window(size=size, color_scheme=scheme, reduced_motion="reduce")
    watch.expected.append("status of 404")
    violations_by_page = {}
    for name, path in page_paths(stack).items():
        page.goto(path)
        for part in page.locator("main details").all():
            part.evaluate("(details) => { details.open = true; }")
        if violations := serious_violations(page):
            violations_by_page[name] = violations
    assert violations_by_page == {}
