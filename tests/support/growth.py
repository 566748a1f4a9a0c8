"""Asserts that a function takes linear time, measured in processor time, which other load does not affect."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

TIMES: Final = 8  # size of the large input relative to the small one; quadratic time would grow by a factor of 64
TOLERANCE: Final = 2.5  # larger inputs use caches less well
NEGLIGIBLE_S: Final = 0.1  # shorter times mostly measure the allocator and the clock
_ATTEMPTS: Final = 4


def seconds(work: Callable[[T], object], value: T) -> float:
    """Return the processor time of one call."""
    gc.disable()  # its frequency depends on what earlier tests have left in memory
    try:
        began = time.thread_time()
        work(value)
        return time.thread_time() - began
    finally:
        gc.enable()


def assert_linear(name: str, work: Callable[[T], object], make: Callable[[int], T], size: int) -> float:
    """Assert that ``work`` takes linear time, comparing ``make(size)`` with an input of an eighth of the size.

    Measurements can be too long but never too short, so the shortest of several is used. Returns the seconds for
    ``make(size)``.
    """
    small, large = make(size // TIMES), make(size)
    best_small = best_large = float("inf")
    for _ in range(_ATTEMPTS):
        best_large = min(best_large, seconds(work, large))
        best_small = min(best_small, seconds(work, small))
        if best_large <= TOLERANCE * TIMES * best_small + NEGLIGIBLE_S:
            return best_large
    raise AssertionError(f"{name}: {best_small:.3f} s, and {best_large:.3f} s for an input {TIMES} times as large")
