"""Every page through axe, in light and dark, on a desk and on a phone: nothing serious, nothing critical."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.browser import DESKTOP, PHONE, Watch, grave_findings
from tests.support.console_pages import pages
from tests.support.stack import Up


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_finding(
    visit: Callable[..., Page], stack: Up, watch: Watch, scheme: str, size: tuple[int, int]
) -> None:
    page = visit(size=size, color_scheme=scheme, reduced_motion="reduce")
    watch.expected.append("status of 404")
    found = {}
    for name, path in pages(stack).items():
        page.goto(path)
        for part in page.locator("main details").all():
            part.evaluate("(one) => { one.open = true; }")
        if grave := grave_findings(page):
            found[name] = grave
    assert found == {}
