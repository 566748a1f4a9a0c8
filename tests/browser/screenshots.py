"""Screenshots of every page for the documentation, taken from a stack that analysed the samples: `make screenshots`."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from tests.support.browser import DESKTOP, PHONE, chromium, console_stack, log_in, open_context
from tests.support.console_pages import page_paths
from tests.support.stack import Stack

_VARIANTS: Final = (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE))
_IN_ALL_VARIANTS: Final = {"overview", "article", "search"}  # the other pages are shown light on a desktop only


def main(folder: Path) -> None:
    """Write ``<page>-<scheme>[-phone].png`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, chromium() as browser, console_stack(Path(state) / "state") as stack:
        for scheme, size in _VARIANTS:
            context = open_context(browser, stack.url, size=size, color_scheme=scheme, reduced_motion="reduce")
            page = context.new_page()
            suffix = f"-{scheme}" + ("-phone" if size == PHONE else "")
            page.goto("/login")
            if suffix == "-light":
                _take(page, folder / f"login{suffix}.png")
            log_in(page, stack.key)
            for name, path in page_paths(stack).items():
                page.goto(path)
                if name == "article":
                    page.locator(".text a.m").first.hover()
                if name == "keys":
                    page.get_by_text("Create a key").click()
                if name in _IN_ALL_VARIANTS or suffix == "-light":
                    _take(page, folder / f"{name}{suffix}.png")
            if suffix == "-light":
                _take_overview_with_problems(page, stack, folder / f"overview-problems{suffix}.png")
            context.close()


def _take_overview_with_problems(page: Page, stack: Stack, file: Path) -> None:
    """Take the overview while Redis does not answer and intake is paused."""
    stack.client.put("/v1/pause", json={"reason": "upgrade of the database"}).raise_for_status()
    redis = stack.pid_of("redis")
    os.kill(redis, signal.SIGSTOP)
    try:
        page.wait_for_timeout(1_500)  # the status is read once a second
        page.goto("/")
        page.get_by_text("Redis does not answer").wait_for()
        _take(page, file)
    finally:
        os.kill(redis, signal.SIGCONT)
        stack.client.delete("/v1/pause").raise_for_status()
        page.wait_for_timeout(1_500)


def _take(page: Page, file: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=file, animations="disabled")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
