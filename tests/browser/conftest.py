"""One stack and one browser for all browser tests. Each test has its own window, which is watched for faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import Watch, console_stack, log_in, open_context
from tests.support.stack import Stack

OpenWindow = Callable[..., Page]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stack]:
    with console_stack(tmp_path_factory.mktemp("console") / "state") as running:
        yield running


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.check()


@pytest.fixture
def open_window(browser: Browser, stack: Stack, watch: Watch) -> Iterator[OpenWindow]:
    """Return a function that opens a window and logs in; ``key=None`` does not log in."""
    contexts = []

    def open_page(*, key: str | None = stack.key, **options: Any) -> Page:
        context = open_context(browser, stack.url, **options)
        contexts.append(context)
        watch.attach(context)
        page = context.new_page()
        if key is not None:
            log_in(page, key)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """A window that an administrator is logged in to."""
    return open_window()
