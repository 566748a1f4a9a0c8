"""Networks between the service and its stores that delay, swallow and reset."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.faults.deployment import Deployment
from tests.faults.outages import Broken
from tests.support.link import Link

_DELAY_S = 0.2


@contextlib.contextmanager
def _delayed(link: Link) -> Iterator[None]:
    link.delay_s = _DELAY_S
    try:
        yield
    finally:
        link.delay_s = 0.0


@contextlib.contextmanager
def _swallowed(link: Link) -> Iterator[None]:
    """Lose what passes. The connections are useless afterwards, so they end with the fault."""
    link.swallows = True
    try:
        yield
    finally:
        link.reset()
        link.swallows = False


@contextlib.contextmanager
def _reset(link: Link) -> Iterator[None]:
    """End every connection, old and new."""
    link.refuses = True
    link.reset()
    try:
        yield
    finally:
        link.refuses = False


def _on(store: str, what: str) -> Broken:
    contexts = {"delay": _delayed, "swallow": _swallowed, "reset": _reset}

    def broken(deployment: Deployment) -> contextlib.AbstractContextManager[None]:
        return contexts[what](deployment.links[store])

    return broken


DATABASE_DELAY, DATABASE_SWALLOW, DATABASE_RESET = (_on("database", what) for what in ("delay", "swallow", "reset"))
REDIS_DELAY, REDIS_SWALLOW, REDIS_RESET = (_on("redis", what) for what in ("delay", "swallow", "reset"))
