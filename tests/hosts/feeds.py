"""Feeds that push to several hosts, as through a balancer: what one host does not accept is repeated at the next."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

import httpx

from tests.faults.load import Load, story

_PARAGRAPHS: Final = 6  # in each article, of some 60 words
_TIMEOUT: Final = httpx.Timeout(5, connect=2)  # seconds


class BalancedLoad(Load):
    """A load that begins at the first of ``urls`` and goes to the next whenever a push is not accepted.

    ``refused`` counts answers 429 and 503, ``failed`` pushes without an answer; each was repeated.
    """

    def __init__(self, urls: Sequence[str], feed: str, key: str, count: int, spread_s: float) -> None:
        super().__init__(urls[0], feed, count, spread_s)
        self._client.close()
        headers = {"Authorization": f"Bearer {key}"}
        self._clients = deque(
            httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False) for url in urls
        )
        self._client = self._clients[0]
        self.refused = 0
        self.failed = 0

    def stop(self) -> None:
        super().stop()
        for client in self._clients:
            client.close()

    def body(self, number: int) -> str:
        return "\n\n".join(story(number * _PARAGRAPHS + paragraph) for paragraph in range(_PARAGRAPHS))

    def _guids_by_push(self) -> Iterator[list[str]]:
        guids = [f"{self.feed}-{number}" for number in range(self.count)]
        sizes = itertools.cycle((5, 1))
        while guids:
            size = next(sizes)
            yield guids[:size]
            del guids[:size]

    def _push(self, lines: list[str]) -> list[dict[str, Any]]:
        try:
            items = super()._push(lines)
        except httpx.HTTPError:
            self.failed += 1
            self._go_to_next()
            raise
        if not items:
            self.refused += 1
            self._go_to_next()
        return items

    def _go_to_next(self) -> None:
        self._clients.rotate(-1)
        self._client = self._clients[0]
