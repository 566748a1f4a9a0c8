"""How long an article of each feed would wait, were it taken in now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate


def expected_waits(queued: Mapping[str, int], per_s: float) -> dict[str, float]:
    """Seconds by feed, while ``per_s`` articles a second are worked off, from all feeds in turn.

    By the time that a feed's n queued articles are through, every other feed has had n turns too, or all that it has queued. So a
    feed with little queued waits little, whatever the others have.
    """
    counts = sorted(queued.values())
    sums = [0, *accumulate(counts)]

    def ahead(own: int) -> int:
        shorter = bisect_right(counts, own)
        return sums[shorter] + own * (len(counts) - shorter)

    return {feed: ahead(own) / per_s for feed, own in queued.items()}
