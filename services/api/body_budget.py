"""The memory for request bodies: how many bytes of them a process holds at once, for each sender and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from services.errors import Refused
from services.settings import Limits

_RETRY_AFTER_S: Final = 5


class BodyBudget:
    """Counts the bytes of all bodies that were received and not yet answered. For one event loop, so without a lock."""

    def __init__(self, limits: Limits) -> None:
        """Allow ``limits.held_bytes`` in all and ``limits.held_bytes_per_key`` for each sender."""
        self._limits = limits
        self._held: Counter[str] = Counter()
        self.total = 0

    @contextmanager
    def body(self, sender: str) -> Iterator[HeldBody]:
        """Hold a body of ``sender`` until the end of the block."""
        held = HeldBody(self, sender)
        try:
            yield held
        finally:
            self.take(sender, -held.size)

    def take(self, sender: str, size: int) -> None:
        """Add ``size`` bytes to what a sender holds, or give them back if it is negative. Raises `Refused`.

        429: this sender holds too much. 503: all senders together do.
        """
        own, limits = self._held[sender] + size, self._limits
        if size > 0 and own > limits.held_bytes_per_key:
            detail = f"the requests that this key is sending hold more than {limits.held_bytes_per_key} bytes"
            raise Refused(detail, code="key_bodies_too_large", status=429, retry_after=_RETRY_AFTER_S)
        if size > 0 and self.total + size > limits.held_bytes:
            detail = f"the requests that all senders are sending hold more than {limits.held_bytes} bytes"
            raise Refused(detail, code="bodies_too_large", status=503, retry_after=_RETRY_AFTER_S)
        self._held[sender] = own
        self.total += size
        if not own:
            del self._held[sender]


class HeldBody:
    """A body that is being received or answered, with its size in bytes until now."""

    def __init__(self, budget: BodyBudget, sender: str) -> None:
        """Begin with no bytes."""
        self._budget = budget
        self._sender = sender
        self.size = 0

    def grow(self, size: int) -> None:
        """Count further bytes. Raises `Refused`; then they are not counted."""
        if size:
            self._budget.take(self._sender, size)
            self.size += size
