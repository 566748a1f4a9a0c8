"""Whether time grows with the input and no faster, told by processor time, so that a busy machine does not matter."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

TIMES: Final = 8  # how much larger the large input is: squared, that is 64
TOLERANCE: Final = 2.5  # caches are the smaller the more is in them
NOTHING_S: Final = 0.1  # below this, what is measured is the allocator and the clock
_TRIES: Final = 4


def seconds(work: Callable[[T], object], value: T) -> float:
    """Processor time of one call."""
    gc.disable()  # how often it runs depends on what other tests have left behind
    try:
        began = time.thread_time()
        work(value)
        return time.thread_time() - began
    finally:
        gc.enable()


def assert_linear(name: str, work: Callable[[T], object], make: Callable[[int], T], size: int) -> float:
    """``work`` on ``make(size)`` takes at most so much longer than on an eighth of it; returns its seconds.

    A measurement can only be too long, never too short: the best of a few decides.
    """
    small, large = make(size // TIMES), make(size)
    best_small = best_large = float("inf")
    for _ in range(_TRIES):
        best_large = min(best_large, seconds(work, large))
        best_small = min(best_small, seconds(work, small))
        if best_large <= TOLERANCE * TIMES * best_small + NOTHING_S:
            return best_large
    raise AssertionError(f"{name}: {best_small:.3f} s, and {best_large:.3f} s for {TIMES} times as much")
