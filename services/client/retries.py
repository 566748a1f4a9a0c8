"""When a request is repeated, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from .errors import ApiError, ConnectionFailed, StancewireError

_PASSING: Final = frozenset({429, 502, 503, 504})  # the service or a proxy in front of it cannot answer now


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How requests that may be repeated are repeated: those that change nothing, and pushes by their idempotency key.

    attempts: how many times a request is sent at most; 1 never repeats.
    first_s: the upper bound of the first wait in seconds, which doubles each time. The wait itself is random between 0
        and the bound, so that many clients do not come back at the same moment.
    longest_s: the longest wait in seconds. If the service asks for a longer one, the error is raised at once.
    """

    attempts: int = 5
    first_s: float = 0.5
    longest_s: float = 60.0

    def delay_s(self, attempt: int, error: StancewireError) -> float | None:
        """Return how many seconds to wait after the ``attempt``th attempt (from 1) failed; None to give up.

        ``Retry-After`` is a lower bound; a random part is added to it.
        """
        if attempt >= self.attempts or not _is_passing(error):
            return None
        jitter_s = random.uniform(0, min(self.longest_s, self.first_s * 2 ** (attempt - 1)))  # noqa: S311 -- no secret
        asked_s = error.retry_after_s if isinstance(error, ApiError) else None
        if asked_s is None:
            return jitter_s
        return None if asked_s > self.longest_s else asked_s + jitter_s


def _is_passing(error: StancewireError) -> bool:
    return isinstance(error, ConnectionFailed) or (isinstance(error, ApiError) and error.status in _PASSING)
