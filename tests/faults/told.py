"""Notices when `/readyz` first names what is wrong, and which section of the runbook it names."""

from __future__ import annotations

import re
import threading
import time
from typing import Self

import httpx

from tests.faults.deployment import Deployment

_EVERY_S = 0.25
_RUNBOOK = re.compile(r"runbook: (\w+)")
_NO_ANSWER = "no answer (StancewireApiDown)"


class Watch(threading.Thread):
    """Asks `/readyz` again and again inside its context.

    ``by`` is the check that failed first after the fault, with its section of the runbook, and ``seconds`` how long
    after the fault; both are empty if no check failed.
    """

    def __init__(self, deployment: Deployment) -> None:
        super().__init__(name="watch", daemon=True)
        self.by = ""
        self.seconds: float | None = None
        self._deployment = deployment
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self._deployment.broken_at = time.monotonic()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        with httpx.Client(base_url=self._deployment.url, timeout=2, trust_env=False) as client:
            while not self.by and not self._stopping.wait(_EVERY_S):
                asked = time.monotonic()
                problem = _problem(client)
                if problem and asked >= self._deployment.broken_at:
                    self.by, self.seconds = problem, time.monotonic() - self._deployment.broken_at


def _problem(client: httpx.Client) -> str:
    """Return the first check that fails, with its section of the runbook, or an empty string."""
    try:
        checks = client.get("/readyz").json()["checks"]
    except (httpx.HTTPError, ValueError, KeyError):
        return _NO_ANSWER
    for name, check in checks.items():
        if not check.startswith("ok"):
            section = _RUNBOOK.search(check)
            return f"{name} ({section[1]})" if section else name
    return ""
