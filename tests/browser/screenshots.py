"""`make screenshots`: pictures of every page for the documents, taken of a stack that read the samples."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from tests.support.browser import DESKTOP, PHONE, chromium, console_stack, log_in, open_context
from tests.support.console_pages import pages
from tests.support.stack import Up

_LOOKS: Final = (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE))
_SHOWN: Final = {"overview", "article", "said"}  # in every look; the others on a desk in light


def main(folder: Path) -> None:
    """Write ``<page>-<scheme>[-phone].png`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, chromium() as browser, console_stack(Path(state) / "state") as stack:
        for scheme, size in _LOOKS:
            context = open_context(browser, stack.url, size=size, color_scheme=scheme, reduced_motion="reduce")
            page = context.new_page()
            suffix = f"-{scheme}" + ("-phone" if size == PHONE else "")
            page.goto("/login")
            _take(page, folder / f"login{suffix}.png", wanted=suffix == "-light")
            log_in(page, stack.key)
            for name, path in pages(stack).items():
                page.goto(path)
                if name == "article":
                    page.locator(".text a.m").first.hover()
                if name == "keys":
                    page.get_by_text("Make a key").click()
                _take(page, folder / f"{name}{suffix}.png", wanted=name in _SHOWN or suffix == "-light")
            if suffix == "-light":
                _trouble(page, stack, folder / f"overview-trouble{suffix}.png")
            context.close()


def _trouble(page: Page, stack: Up, file: Path) -> None:
    """The overview while Redis stands still and intake is paused."""
    stack.client.put("/v1/pause", json={"reason": "upgrade of the database"}).raise_for_status()
    redis = stack.part("redis")
    os.kill(redis, signal.SIGSTOP)
    try:
        page.wait_for_timeout(1_500)  # the service looks once a second
        page.goto("/")
        page.get_by_text("Redis does not answer").wait_for()
        _take(page, file, wanted=True)
    finally:
        os.kill(redis, signal.SIGCONT)
        stack.client.delete("/v1/pause").raise_for_status()
        page.wait_for_timeout(1_500)


def _take(page: Page, file: Path, *, wanted: bool) -> None:
    if wanted:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=file, animations="disabled")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
