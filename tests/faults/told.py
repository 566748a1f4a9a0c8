"""Notices what tells an operator of a fault first, and when: `/readyz`, the console, or an alert of Prometheus."""

from __future__ import annotations

import contextlib
import math
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Self

import httpx

from tests.faults.deployment import Deployment, wait_until
from tests.faults.prometheus import Prometheus, find_prometheus
from tests.support.paths import ROOT

_EVERY_S = 0.25
_CHECK = re.compile(r"runbook: (\w+)")
_TITLE = re.compile(r"<strong>(.*?)</strong>")
_LINK = re.compile(r"/runbook#(\w+)")
_NO_ANSWER = frozenset({"no answer (StancewireApiDown)"})
RUNBOOK_SECTIONS = frozenset(re.findall(r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE))
_BY_ANCHOR = {name.lower(): name for name in RUNBOOK_SECTIONS}

Problems = frozenset[str]


class Watch:
    """Asks all that can tell of a fault, again and again inside its context.

    Only problems with one of the given sections of the runbook count, and none from before the fault.

    ``by`` is what told first of the fault, with its words and the section of the runbook, and ``seconds`` how long
    after the fault; both are empty if nothing told.
    """

    def __init__(self, deployment: Deployment, sections: tuple[str, ...]) -> None:
        self.by = ""
        self.seconds: float | None = None
        self._deployment = deployment
        self._sections = sections
        self._stopping = threading.Event()
        self._telling = threading.Lock()
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._deployment.broken_at = math.inf
        sources: dict[str, Callable[[httpx.Client], Problems]] = {
            "/readyz": partial(_unready, self._deployment.url),
            "console": partial(_on_console, self._deployment.url),
        }
        program = find_prometheus() if self._deployment.patience_s else None
        if program is not None:
            sources["alert"] = self._start_prometheus(program)
        for name, ask in sources.items():
            thread = threading.Thread(target=self._watch, args=(name, ask), name=name, daemon=True)
            thread.start()
            self._open.callback(thread.join)
        self._open.callback(self._stopping.set)
        self._deployment.told.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _start_prometheus(self, program: str) -> Callable[[httpx.Client], Problems]:
        deployment = self._deployment
        folder = deployment.folder / f"prometheus-{time.monotonic_ns()}"
        prometheus = self._open.enter_context(Prometheus(program, folder, deployment.metrics_targets))
        with httpx.Client(timeout=2, trust_env=False) as client:
            wait_until(partial(_succeeds, prometheus.has_read, client), 60, "Prometheus reads the metrics", 0.2)
        return prometheus.firing

    def _watch(self, name: str, ask: Callable[[httpx.Client], Problems]) -> None:
        before: Problems = frozenset()
        with httpx.Client(timeout=5, trust_env=False) as client:
            while not self._deployment.told.is_set() and not self._stopping.wait(_EVERY_S):
                asked_at = time.monotonic()
                with contextlib.suppress(httpx.HTTPError):
                    problems = frozenset(filter(self._counts, ask(client)))
                    if asked_at < self._deployment.broken_at:
                        before = problems
                    elif problems - before:
                        self._tell(f"{name}: {min(problems - before)}")

    def _counts(self, problem: str) -> bool:
        return any(f"Stancewire{section}" in problem for section in self._sections)

    def _tell(self, by: str) -> None:
        with self._telling:
            if not self.by:
                self.by, self.seconds = by, time.monotonic() - self._deployment.broken_at
                self._deployment.told.set()


def _succeeds(ask: Callable[[httpx.Client], bool], client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return ask(client)
    return False


def _unready(url: str, client: httpx.Client) -> Problems:
    """Return the checks that fail, each with its section of the runbook."""
    try:
        checks = client.get(f"{url}/readyz", timeout=2).json()["checks"]
    except (httpx.HTTPError, ValueError, KeyError):
        return _NO_ANSWER
    failed = {name: check for name, check in checks.items() if not check.startswith(("ok", "unknown"))}
    return frozenset(
        f"{name} ({section[1]})" if (section := _CHECK.search(check)) else name for name, check in failed.items()
    )


def _on_console(url: str, client: httpx.Client) -> Problems:
    """Return the titles of the messages on the overview, each with its section of the runbook."""
    messages = client.get(f"{url}/overview/live").text.split('class="health-message"')[1:]
    return frozenset(_words(message.partition("</div></div>")[0]) for message in messages)


def _words(message: str) -> str:
    title, link = _TITLE.search(message), _LINK.search(message)
    assert title is not None
    return f"{title[1]} ({_BY_ANCHOR[link[1]]})" if link else title[1]
