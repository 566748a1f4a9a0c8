"""Sends many short articles through one worker process and samples its memory, files, threads and connections."""

from __future__ import annotations

import re
import statistics
import threading
from dataclasses import dataclass

from tests.faults import ledger_audit
from tests.faults.deployment import Deployment, wait_until
from tests.faults.load import Load
from tests.faults.sampling import Sample, Sampler

_BATCH = 200
_MAX_WAITING = 2_000  # articles: enough to keep the worker busy, few enough to keep the ledger small


def short_story(number: int) -> str:
    """Return a few sentences with words that no other article has: caches of words would grow with each article."""
    name, town = _word(3 * number), _word(3 * number + 1)
    return (
        f"Mayor {name} Berg said on Monday that the {_word(3 * number + 2).lower()} of {town} was “reckless”.\n\n"
        f"“We will not pay for it,” she told reporters in {town}."
    )


def _word(number: int) -> str:
    syllables = ("ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "za")
    return "".join(syllables[number >> shift & 15] for shift in range(0, 24, 4)).capitalize()


@dataclass
class SoakRun:
    """The outcome of one run; ``samples`` are of the worker's only child, by finished articles."""

    name: str
    articles: int
    samples: list[Sample]
    lost: int
    doubled: int

    def samples_after(self, articles: float) -> list[Sample]:
        return [sample for sample in self.samples if sample.progress >= articles]

    def growth_mb(self, settled: float) -> float:
        """Return the growth of memory from just after ``settled`` articles to the last tenth, by medians."""
        rest = self.samples_after(settled)
        tenth = max(1, len(rest) // 10)
        early, late = rest[:tenth], rest[-tenth:]
        return statistics.median(each.rss_mb for each in late) - statistics.median(each.rss_mb for each in early)

    def processes(self) -> int:
        return len({sample.pid for sample in self.samples})

    def leaks(self, settled: float) -> dict[str, tuple[int, int]]:
        """Return the maxima of files, threads and connections in both halves after ``settled`` articles, if higher."""
        rest = self.samples_after(settled)
        half = len(rest) // 2
        leaks = {}
        for name in ("files", "threads", "connections"):
            early, late = (max(getattr(each, name) for each in part) for part in (rest[:half], rest[half:]))
            if late > early:
                leaks[name] = (early, late)
        return leaks

    def rows(self, settled: float) -> list[tuple[str, str]]:
        """Return the figures as rows of a table."""
        last = self.samples[-1]
        return [
            (f"{self.name}: articles, processes", f"{self.articles}, {self.processes()}"),
            (
                f"{self.name}: memory",
                f"{self.samples_after(settled)[0].rss_mb:.0f} MB settled, {last.rss_mb:.0f} MB at the end",
            ),
            (f"{self.name}: growth", f"{self.growth_mb(settled):+.1f} MB after {settled:.0f} articles"),
            (f"{self.name}: files, threads, connections", f"{last.files}, {last.threads}, {last.connections}"),
        ]

    def line(self) -> list[tuple[float, float]]:
        """Return memory by articles, reduced to about 400 points for a chart."""
        step = max(1, len(self.samples) // 400)
        return [(sample.progress, sample.rss_mb) for sample in self.samples[::step]]


def run(deployment: Deployment, name: str, articles: int, every_s: float) -> SoakRun:
    """Push ``articles`` short articles at the pace of the worker, and sample its child meanwhile."""
    load = Load(deployment.url, "soak-" + re.sub(r"\W+", "-", name), 0, 0)
    finished = 0
    pushed = threading.Event()

    def progress() -> float:
        nonlocal finished
        if pushed.is_set():
            finished = ledger_audit.count_finished(deployment.database, load.feed)
        return float(finished)

    with Sampler(deployment, progress, every_s) as sampler:
        for first in range(0, articles, _BATCH):
            load.push_batch(
                {f"{load.feed}-{number}": short_story(number) for number in range(first, min(articles, first + _BATCH))}
            )
            pushed.set()
            wait_until(
                lambda: ledger_audit.count_unfinished(deployment.database, load.feed) < _MAX_WAITING,
                deployment.pace.timeout_s,
                "the worker keeps up",
            )
        wait_until(
            lambda: ledger_audit.count_unfinished(deployment.database, load.feed) == 0,
            deployment.pace.timeout_s,
            "all articles are analysed",
        )
    audit = ledger_audit.audit_ledger(deployment.database, load)
    audit.assert_clean(load)
    return SoakRun(name, articles, sampler.of("child 0"), audit.lost, audit.doubled)
