"""Followers of the results: by long poll and as server-sent events, with the Python client."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from uuid import UUID

from services.client import Client, ResultItem, StancewireError, Tombstone

Item = ResultItem | Tombstone
_AGAIN_S = 0.2


class Follower(threading.Thread):
    """Takes what ``iterate`` yields, from the last cursor again after each error that ends the iteration."""

    def __init__(self, name: str, iterate: Callable[[str | None], Iterable[Item]]) -> None:
        super().__init__(name=name, daemon=True)
        self.items: list[Item] = []
        self.restarts = 0
        self._iterate = iterate
        self._stopping = False

    def run(self) -> None:
        while not self._stopping:
            try:
                for item in self._iterate(self.items[-1].cursor if self.items else None):
                    self.items.append(item)
                    if self._stopping:
                        return
            except StancewireError:
                self.restarts += 1
                time.sleep(_AGAIN_S)
            except RuntimeError:  # the client was closed
                if not self._stopping:
                    raise

    def stop(self) -> None:
        """End with the next item, or the end of the client."""
        self._stopping = True

    def has_job(self, job_id: UUID) -> bool:
        return any(isinstance(item, ResultItem) and item.job_id == job_id for item in reversed(list(self.items)))

    @property
    def results(self) -> Counter[UUID]:
        """How often each job's result came."""
        return Counter(item.job_id for item in self.items if isinstance(item, ResultItem))

    @property
    def withdrawals(self) -> Counter[UUID]:
        """How often each article's tombstone came."""
        return Counter(item.article_id for item in self.items if isinstance(item, Tombstone))

    def shown_after_withdrawal(self) -> list[UUID]:
        """Return articles whose result came behind their tombstone."""
        withdrawn: set[UUID] = set()
        late = []
        for item in self.items:
            if isinstance(item, Tombstone):
                withdrawn.add(item.article_id)
            elif item.article_id in withdrawn:
                late.append(item.article_id)
        return late


def by_long_poll(client: Client) -> Follower:
    return Follower("long poll", lambda after: client.follow(after=after))


def by_events(client: Client) -> Follower:
    return Follower("event stream", lambda after: client.stream(after=after))
