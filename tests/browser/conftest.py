"""One stack for all tests here, and one browser; each test has a window of its own, watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import Watch, console_stack, log_in, open_context
from tests.support.stack import Up

Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Up]:
    with console_stack(tmp_path_factory.mktemp("console") / "state") as running:
        yield running


@pytest.fixture
def watch() -> Iterator[Watch]:
    seen = Watch()
    yield seen
    seen.check()


@pytest.fixture
def visit(browser: Browser, stack: Up, watch: Watch) -> Iterator[Visit]:
    """Opens a window and logs in; ``key=None`` stays outside."""
    contexts = []

    def start(*, key: str | None = stack.key, **options: Any) -> Page:
        context = open_context(browser, stack.url, **options)
        contexts.append(context)
        watch.over(context)
        page = context.new_page()
        if key is not None:
            log_in(page, key)
        return page

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def page(visit: Visit) -> Page:
    """A window of an administrator."""
    return visit()
