"""The time that an article of each feed would wait if it were accepted now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate


def expected_waits(queued: Mapping[str, int], per_s: float) -> dict[str, float]:
    """Return the wait in seconds by feed, from ``queued`` articles by feed and ``per_s`` articles analysed a second.

    Feeds are served in turn. Until n queued articles of a feed are done, every other feed has had n turns or, if it has
    fewer articles, has been served completely. So a feed with few articles waits briefly, whatever the others have.
    """
    counts = sorted(queued.values())
    sums = [0, *accumulate(counts)]

    def served_until(count: int) -> int:
        """Return the articles of all feeds that are done once a feed with ``count`` articles is."""
        shorter = bisect_right(counts, count)
        return sums[shorter] + count * (len(counts) - shorter)

    return {feed: served_until(count) / per_s for feed, count in queued.items()}
