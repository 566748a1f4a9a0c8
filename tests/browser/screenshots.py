"""`make screenshots`: pictures of every page for the documents, taken of a stack that read the samples."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from tests.support.browser import DESKTOP, PHONE, chromium, console_stack, log_in, open_context
from tests.support.console_pages import pages

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
                _take(page, folder / f"{name}{suffix}.png", wanted=name in _SHOWN or suffix == "-light")
            context.close()


def _take(page: Page, file: Path, *, wanted: bool) -> None:
    if wanted:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=file, animations="disabled")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
