"""Many short articles through one worker process: what becomes of its memory, files, threads and connections."""

from __future__ import annotations

import re
import statistics
import threading
from dataclasses import dataclass

from tests.faults import ledger_audit
from tests.faults.deployment import Deployment, until
from tests.faults.load import Load
from tests.faults.sampling import Sample, Sampler

_LOT = 200
_AHEAD = 2_000  # so many articles may wait: enough to keep the worker busy, few enough to keep the ledger small


def short_story(number: int) -> str:
    """A few sentences with words that no other article has: what is remembered of words, grows by them."""
    name, place = _word(3 * number), _word(3 * number + 1)
    return (
        f"Mayor {name} Berg said on Monday that the {_word(3 * number + 2).lower()} of {place} was “reckless”.\n\n"
        f"“We will not pay for it,” she told reporters in {place}."
    )


def _word(number: int) -> str:
    syllables = ("ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "za")
    return "".join(syllables[number >> shift & 15] for shift in range(0, 24, 4)).capitalize()


@dataclass
class Stretch:
    """What one run looked like; ``samples`` are of the one child, by articles finished."""

    name: str
    articles: int
    samples: list[Sample]
    lost: int
    doubled: int

    def after(self, articles: float) -> list[Sample]:
        return [sample for sample in self.samples if sample.progress >= articles]

    def growth_mb(self, settled: float) -> float:
        """How much larger the process is in the last tenth than just after it settled, by medians."""
        rest = self.after(settled)
        tenth = max(1, len(rest) // 10)
        early, late = rest[:tenth], rest[-tenth:]
        return statistics.median(one.rss_mb for one in late) - statistics.median(one.rss_mb for one in early)

    def processes(self) -> int:
        return len({sample.pid for sample in self.samples})

    def leaks(self, settled: float) -> dict[str, tuple[int, int]]:
        """Files, threads and connections: at most just after it settled, and at most later, where that is more."""
        rest = self.after(settled)
        half = len(rest) // 2
        found = {}
        for name in ("files", "threads", "connections"):
            early, late = (max(getattr(one, name) for one in part) for part in (rest[:half], rest[half:]))
            if late > early:
                found[name] = (early, late)
        return found

    def rows(self, settled: float) -> list[tuple[str, str]]:
        """The figures for people."""
        last = self.samples[-1]
        return [
            (f"{self.name}: articles, processes", f"{self.articles}, {self.processes()}"),
            (
                f"{self.name}: memory",
                f"{self.after(settled)[0].rss_mb:.0f} MB settled, {last.rss_mb:.0f} MB at the end",
            ),
            (f"{self.name}: growth", f"{self.growth_mb(settled):+.1f} MB after {settled:.0f} articles"),
            (f"{self.name}: files, threads, connections", f"{last.files}, {last.threads}, {last.connections}"),
        ]

    def line(self) -> list[tuple[float, float]]:
        """Memory over articles, thinned out for a chart."""
        step = max(1, len(self.samples) // 400)
        return [(sample.progress, sample.rss_mb) for sample in self.samples[::step]]


def run(deployment: Deployment, name: str, articles: int, every_s: float) -> Stretch:
    """Push ``articles`` short articles, never more than some thousands ahead of the worker, and sample its child meanwhile."""
    load = Load(deployment.url, "soak-" + re.sub(r"\W+", "-", name), 0, 0)
    finished = 0
    pushed = threading.Event()

    def progress() -> float:
        nonlocal finished
        if pushed.is_set():
            finished = ledger_audit.finished(deployment.database, load.feed)
        return float(finished)

    with Sampler(deployment, progress, every_s) as sampler:
        for first in range(0, articles, _LOT):
            load.add(
                {f"{load.feed}-{number}": short_story(number) for number in range(first, min(articles, first + _LOT))}
            )
            pushed.set()
            until(
                lambda: ledger_audit.unfinished(deployment.database, load.feed) < _AHEAD,
                deployment.pace.patience_s,
                "the worker keeps up",
            )
        until(
            lambda: ledger_audit.unfinished(deployment.database, load.feed) == 0,
            deployment.pace.patience_s,
            "all is read",
        )
    kept = ledger_audit.balance(deployment.database, load)
    kept.check(load)
    return Stretch(name, articles, sampler.of("child 0"), kept.lost, kept.doubled)
