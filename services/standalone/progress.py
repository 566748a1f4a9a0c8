"""The progress line of `stancewire up`: jobs by state and articles per second."""

from __future__ import annotations

import contextlib
import time

from services.contracts import JobState
from services.database.counters import CounterName
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.jobs import backlog
from services.jobs.backlog import BacklogSnapshot


class Progress:
    """Reads the ledger for the progress line."""

    def __init__(self, database: Database) -> None:
        """Count the jobs that were finished before, so that they do not appear in the rate."""
        self._database = database
        self._finished = 0
        with contextlib.suppress(StoreUnavailable):  # the first rate is then too high
            self._finished = sum(_finished_by_state(backlog.snapshot(database)).values())
        self._read_at = time.monotonic()

    def line(self) -> str:
        """Return the progress line; the rate is the average since the previous call."""
        try:
            snapshot = backlog.snapshot(self._database)
        except StoreUnavailable as error:
            return f"the database does not answer: {error.detail}"
        by_state = _finished_by_state(snapshot)
        now, finished = time.monotonic(), sum(by_state.values())
        rate = (finished - self._finished) / max(0.001, now - self._read_at)
        self._read_at, self._finished = now, finished
        parts = [f"{snapshot.jobs[JobState.QUEUED]} queued", f"{snapshot.jobs[JobState.RUNNING]} running"]
        parts += [f"{count} {state}" for state, count in sorted(by_state.items(), reverse=True)]
        parts.append(f"{rate:.1f} articles/s")
        if snapshot.oldest_queued_s >= 1:
            parts.append(f"oldest {snapshot.oldest_queued_s:.0f} s")
        return ", ".join(parts)


def _finished_by_state(snapshot: BacklogSnapshot) -> dict[str, int]:
    return {label: int(count) for (name, label), count in snapshot.counters.items() if name is CounterName.FINISHED}
