"""Debian's Chromium with a running stack, and a watch for errors and outside requests of its pages."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # the package ships no types
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from services import samples
from services.contracts import Article
from tests.support.signing import hex_signature
from tests.support.stack import Stack, push_lines, start_stack
from tests.support.web_server import run_web_server

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
_REPORT_CSP_VIOLATIONS: Final = (
    "document.addEventListener('securitypolicyviolation', (e) => "
    "console.error('CSP', e.violatedDirective, e.blockedURI))"
)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser with a temporary profile."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="stancewire-browser-") as home:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS), env={"HOME": home, "LANG": "C.UTF-8"}
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def console_stack(state_dir: Path) -> Iterator[Stack]:
    """Run a stack in which the samples were analysed, one of them in three feeds; an article failed.

    The feed of the samples has sources, and a webhook was sent the results and the matches of a watch.
    """
    settings = {
        "STANCEWIRE_WORKER__PROCESSES": "1",
        "STANCEWIRE_WORKER__NICENESS": "0",
        "STANCEWIRE_SOURCES__FETCH": "true",
        "STANCEWIRE_WEBHOOKS__PLAIN_HTTP": "true",
        "STANCEWIRE_OUTBOUND__ALLOW_NETWORKS": "127.0.0.1",
    }
    with run_web_server() as receiver, start_stack(state_dir, **settings) as running:
        add_watch(running, receiver.url("/hook"))
        topic = {
            "name": "Dam agreement",
            "aliases": ["river dam deal"],
            "claim": "Both countries should sign the dam agreement.",
        }
        assert running.client.post("/v1/topics", json=topic).status_code == 201
        lines = [article.model_dump_json(exclude_none=True) for article in samples.load()]
        for item in push_lines(running.url, [*lines, *_copies_of(samples.load()), FRENCH]):
            wait_for_job(running, item["href"])
        add_sources(running)
        yield running


def add_sources(stack: Stack) -> None:
    """Add sources to the feed of the samples: an address that may not be fetched, and an empty item."""
    path = "/v1/feeds/samples/sources"
    for source in ({"kind": "poll", "url": "https://127.0.0.1:1/feed.xml", "every_s": 600}, {"kind": "signed"}):
        stack.client.post(path, json=source).raise_for_status()
    added = stack.client.post(path, json={"kind": "superdesk"}).raise_for_status().json()
    body = b'{"type": "text", "uri": "urn:newsml:1", "headline": "Mayor says no", "pubstatus": "usable"}'
    headers = {"x-superdesk-signature": hex_signature(added["secret"], body), "Content-Type": "application/json"}
    stack.client.post("/v1/push/superdesk/samples", content=body, headers=headers).raise_for_status()


def add_watch(stack: Stack, url: str) -> None:
    """Create a webhook and a watch that sends to it."""
    webhook = {"url": url, "description": "News desk", "events": ["result.ready", "result.withdrawn", "job.failed"]}
    webhook_id = stack.client.post("/v1/webhooks", json=webhook).raise_for_status().json()["id"]
    watch = {"webhook_id": webhook_id, "name": "Opposition", "filters": {"stance": "oppose", "min_score": 0.7}}
    stack.client.post("/v1/watches", json=watch).raise_for_status()


def _copies_of(articles: Iterable[Article]) -> Iterator[str]:
    """Yield two copies of the sample about a strike: with another headline, and with its end cut and a credit line."""
    [strike] = [article for article in articles if article.guid == "sample-port-strike"]
    lines = strike.body.split("\n")
    yield strike.model_copy(
        update={"feed": "evening-post", "guid": "2026/118", "title": "Crane drivers close the port"}
    ).model_dump_json(exclude_none=True)
    cut = "\n".join([*lines[: -len(lines) // 5], "Reporting by Coast Wire"])
    yield strike.model_copy(
        update={"feed": "coast-wire", "guid": "cw-77", "version": "1", "title": "Strike stops all ships", "body": cut}
    ).model_dump_json(exclude_none=True)


def wait_for_job(stack: Stack, href: str) -> None:
    """Wait until a job is done: up to two minutes, for slow machines."""
    for _ in range(6):
        job = stack.client.get(href, headers={"Prefer": "wait=20"}).json()
        if job["done"]:
            return
    raise AssertionError(f"not done: {job}")


def find_job(stack: Stack, title: str) -> str:
    """Return the ID of the job of the sample whose title begins with ``title``."""
    jobs = stack.client.get("/v1/jobs", params={"limit": 100}).json()["items"]
    return str(next(job["id"] for job in jobs if (job["metadata"]["title"] or "").startswith(title)))


def find_story(stack: Stack) -> str:
    """Return the ID of the story that has copies in three feeds."""
    job = find_job(stack, "Crane drivers close the port")
    return str(stack.client.get(f"/v1/jobs/{job}").json()["metadata"]["story_id"])


@dataclass(slots=True)
class Watch:
    """The faults of a context's pages. ``expected``: patterns of console errors that a test causes on purpose."""

    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Watch all pages of a context."""
        context.add_init_script(_REPORT_CSP_VIOLATIONS)
        context.on("console", lambda message: self._on_console_message(message.type, message.text))
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("request", lambda request: self._on_request(request.url))

    def check(self) -> None:
        """Assert that there were no unexpected console errors, policy violations or requests to other hosts."""
        unexpected = [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self.expected)]
        assert unexpected == []

    def _on_console_message(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.faults.append(f"{kind}: {text}")

    def _on_request(self, url: str) -> None:
        if urlsplit(url).hostname != "127.0.0.1":
            self.faults.append(f"request to {url}")


def open_context(browser: Browser, url: str, *, size: tuple[int, int] = DESKTOP, **options: Any) -> BrowserContext:
    """Open a window for the service at ``url``."""
    context = browser.new_context(
        base_url=url, viewport={"width": size[0], "height": size[1]}, service_workers="block", **options
    )
    context.set_default_timeout(60_000)  # for busy machines
    return context


def serious_violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return the serious and critical violations that axe finds on a page: each rule with its elements."""
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    serious = [item for item in results.response["violations"] if item["impact"] in {"serious", "critical"}]
    return [(item["id"], [node["html"][:150] for node in item["nodes"][:3]]) for item in serious]


def log_in(page: Page, key: str) -> None:
    """Log in with the form."""
    page.goto("/login")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("navigation", name="Pages").wait_for()
