"""Debian's Chromium before a running stack, and a watch over what its pages do."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from services import samples
from tests.support.stack import Up, push_lines, up

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: Final = (1280, 860)
PHONE: Final = (390, 844)
FRENCH: Final = (
    '{"title": "Le ministre a parlé", "language": "fr", "body": "Le ministre a déclaré qu’il ne viendrait pas."}'
)
_CSP: Final = "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective, e.blockedURI))"


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own, gone at the end."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="stancewire-browser-") as home:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS), env={"HOME": home, "LANG": "C.UTF-8"}
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def console_stack(state_dir: Path) -> Iterator[Up]:
    """A real stack in which the samples were analysed and an article in French failed."""
    settings = {"STANCEWIRE_WORKER__PROCESSES": "1", "STANCEWIRE_WORKER__NICENESS": "0"}
    with up(state_dir, **settings) as running:
        topic = {
            "name": "Dam agreement",
            "aliases": ["river dam deal"],
            "claim": "Both countries should sign the dam agreement.",
        }
        assert running.client.post("/v1/topics", json=topic).status_code == 201
        lines = [one.model_dump_json(exclude_none=True) for one in samples.load()]
        for item in push_lines(running.url, [*lines, FRENCH]):
            wait_for(running, item["href"])
        yield running


def wait_for(stack: Up, href: str) -> None:
    """Until a job is done, on however slow a machine."""
    for _ in range(6):
        job = stack.client.get(href, headers={"Prefer": "wait=20"}).json()
        if job["done"]:
            return
    raise AssertionError(f"not done: {job}")


def job_of(stack: Up, title: str) -> str:
    """The ID of the job of a sample whose title begins so."""
    jobs = stack.client.get("/v1/jobs", params={"limit": 100}).json()["items"]
    return str(next(job["id"] for job in jobs if (job["metadata"]["title"] or "").startswith(title)))


@dataclass(slots=True)
class Watch:
    """What the pages of a context did that they should not. ``expected``: patterns of console errors that a test provokes."""

    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of a context."""
        context.add_init_script(_CSP)
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("request", lambda request: self._asked(request.url))

    def check(self) -> None:
        """No console error, no broken policy, no request to anywhere else."""
        left = [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self.expected)]
        assert left == []

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.faults.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        if urlsplit(url).hostname != "127.0.0.1":
            self.faults.append(f"request to {url}")


def open_context(browser: Browser, url: str, *, size: tuple[int, int] = DESKTOP, **options: Any) -> BrowserContext:
    """A window before the service at this address."""
    context = browser.new_context(
        base_url=url, viewport={"width": size[0], "height": size[1]}, service_workers="block", **options
    )
    context.set_default_timeout(60_000)  # on a busy machine
    return context


def grave_findings(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds serious or critical on a page: the rule, and where."""
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    grave = [one for one in results.response["violations"] if one["impact"] in {"serious", "critical"}]
    return [(one["id"], [node["html"][:150] for node in one["nodes"][:3]]) for one in grave]


def log_in(page: Page, key: str) -> None:
    """As a person does."""
    page.goto("/login")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("navigation", name="Pages").wait_for()
