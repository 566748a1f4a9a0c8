"""Ten times as many articles as the workers can read: what the API answers, what memory does, and how the backlog drains."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.access import keys
from services.caller import Scope, local
from services.feeds import store
from tests.faults import ledger_audit
from tests.faults.deployment import Deployment, until
from tests.faults.flood import Answers, Flood, Sender, texts
from tests.faults.load import Load
from tests.faults.sampling import Sampler

FEEDS = 4
NORMAL_S = 60  # so long after the load's end nothing may be refused any more
_EVERY_S = 0.5  # looks at the ledger, which must not cost what is measured
_AT_HAND = 2 * 8  # with no more left than what the workers hold, some of them have nothing to do


@dataclass
class Figures:
    """Rates are articles a second. ``memory``: of each process its memory in MB early in the overload, and at most."""

    capacity: float
    seconds: float
    offered: int
    during: Answers
    codes: Counter[str]
    after: Answers
    accepted: int
    finished: int
    drained: float
    drain_s: float
    normal_s: float
    memory: dict[str, tuple[float, float]]
    lost: int = -1
    doubled: int = -1
    faulty: list[str] = field(default_factory=list)

    @property
    def times(self) -> float:
        return self.offered / self.seconds / self.capacity

    def check(self, *, times: float, latency_ms: float, growth_mb: float) -> None:
        """Raise AssertionError where a bound of the promise is passed."""
        assert (self.lost, self.doubled) == (0, 0)
        assert self.faulty == []
        assert self.during.bare == self.after.bare == [], "429 and 503 say when to come again, as a problem"
        assert set(self.during.seconds) <= {200, 202, 429, 503}
        assert not self.during.failed
        assert not self.after.failed
        assert self.times >= 0.9 * times, "the flood was too small"
        assert self.during.count(429, 503) > 0, "it was no overload"
        assert self.during.p99_ms(202) <= latency_ms
        assert self.normal_s <= NORMAL_S
        assert set(self.after.seconds) == {202}, "refusals after the load's end"
        assert self.after.p99_ms(202) <= latency_ms
        assert self.drained >= 0.9 * self.capacity
        grown = {name: most - early for name, (early, most) in self.memory.items() if most - early > growth_mb}
        assert not grown, f"memory grows under overload (MB): {grown}"

    def rows(self) -> list[tuple[str, str]]:
        """The figures for people."""
        codes = ", ".join(f"{number} {code}" for code, number in sorted(self.codes.items()))
        found = [
            ("capacity", f"{self.capacity:.1f} articles/s"),
            ("offered, counted by the API", f"{self.offered} in {self.seconds:.0f} s: {self.times:.1f} times as many"),
            ("accepted", f"{self.accepted}"),
            ("refused", f"{self.during.count(429)} with 429, {self.during.count(503)} with 503 ({codes})"),
            ("read meanwhile", f"{self.finished}: {self.finished / self.seconds / self.capacity:.2f} of capacity"),
            (
                "accept, p99",
                f"{self.during.p99_ms(202):.0f} ms under overload, {self.after.p99_ms(202):.0f} ms after it",
            ),
            ("refusal, p99", f"{self.during.p99_ms(429, 503):.0f} ms"),
            ("taken in again", f"{self.normal_s:.1f} s after the load's end"),
            ("refused after that", f"{self.after.count(429, 503)} of {self.after.total}"),
            ("backlog drained", f"in {self.drain_s:.0f} s at {self.drained / self.capacity:.2f} of capacity"),
            ("lost, doubled", f"{self.lost}, {self.doubled}"),
        ]
        found += [
            (f"memory, {name}", f"{early:.0f} MB early, {most:.0f} MB at most")
            for name, (early, most) in self.memory.items()
        ]
        return found


class Drain(threading.Thread):
    """Watches from its beginning on until nothing waits any more: how fast is the backlog worked off?"""

    def __init__(self, deployment: Deployment, loads: list[Load]) -> None:
        super().__init__(name="drain", daemon=True)
        self._deployment = deployment
        self._loads = loads
        self._before = _finished(deployment, loads)
        self._began = time.monotonic()
        self.per_s = self.seconds = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.join()

    def run(self) -> None:
        until(self._drained, self._deployment.pace.patience_s, "the backlog is drained", every_s=_EVERY_S)
        self.seconds = time.monotonic() - self._began
        self.per_s = (_finished(self._deployment, self._loads) - self._before) / self.seconds

    def _drained(self) -> bool:
        return _unfinished(self._deployment, self._loads) <= _AT_HAND


def capacity(deployment: Deployment, articles: int, extra: str) -> float:
    """Articles a second that the workers read while nothing else is asked of the machine."""
    load = Load(deployment.url, "capacity", 0, 0)
    bodies = texts(extra)
    for first in range(0, articles, 1000):
        numbers = range(first, min(articles, first + 1000))
        load.add(
            {
                f"capacity-{number}": bodies[number % len(bodies)].replace("@@number@@", str(number))
                for number in numbers
            }
        )
    patience_s, database, feed = deployment.pace.patience_s, deployment.database, load.feed
    until(
        lambda: ledger_audit.finished(database, feed) >= articles // 5,
        patience_s,
        "the first fifth is read",
        every_s=_EVERY_S,
    )
    done, began = ledger_audit.finished(database, feed), time.monotonic()
    until(
        lambda: ledger_audit.unfinished(database, feed) <= _AT_HAND, patience_s, "all of it is read", every_s=_EVERY_S
    )
    return (ledger_audit.finished(database, feed) - done) / (time.monotonic() - began)


def senders(deployment: Deployment, first_limit: int | None) -> list[Sender]:
    """Feeds with a key each; the first one may queue no more than ``first_limit``."""
    made = []
    for name in (f"flood-{number}" for number in range(FEEDS)):
        _, key = keys.create(deployment.database, name=name, scopes=[Scope.INGEST], feeds=[name], by=local())
        made.append(Sender(Load(deployment.url, name, 0, 0), key))
    if first_limit is not None:
        store.change(deployment.database, "flood-0", {"queued_limit": first_limit}, local())
    return made


def run(
    deployment: Deployment,
    *,
    seconds: float,
    times: float,
    articles: int,
    after_s: float,
    extra: str = "",
    first_limit: int | None = None,
) -> Figures:
    """Measure the capacity, push ``times`` as much for ``seconds``, then a third of it for ``after_s``, and wait for the end."""
    able = capacity(deployment, articles, extra)
    several = senders(deployment, first_limit)
    loads = [sender.load for sender in several]
    flood = Flood(several, deployment.url, 0, extra)
    calm = Flood(several, deployment.url, 10**8, extra)  # from the feeds that were refused a moment ago
    offered, codes = _pushes(deployment), _refusals(deployment)
    began = time.monotonic()
    with Sampler(deployment, lambda: time.monotonic() - began, every_s=min(1.0, seconds / 40)) as sampler:
        flood.run(times * able, seconds)
        ended, took = time.monotonic(), time.monotonic() - began
        offered, codes = _pushes(deployment) - offered, _refusals(deployment) - codes
        accepted, finished = sum(load.count for load in loads), _finished(deployment, loads)
        with Drain(deployment, loads) as drain:
            normal_s = _until_taken_again(several, deployment, ended, extra)
            calm.run(able / 3, after_s)
    patience_s = deployment.pace.patience_s
    until(lambda: _unfinished(deployment, loads) == 0, patience_s, "all of it is read", every_s=_EVERY_S)
    figures = Figures(
        capacity=able,
        seconds=took,
        offered=offered,
        during=flood.answers,
        codes=codes,
        after=calm.answers,
        accepted=accepted,
        finished=finished,
        drained=drain.per_s,
        drain_s=drain.seconds,
        normal_s=normal_s,
        memory=_memory(sampler, seconds),
    )
    kept = [ledger_audit.balance(deployment.database, load) for load in loads]
    figures.lost, figures.doubled = sum(one.lost for one in kept), sum(one.doubled for one in kept)
    figures.faulty = [fault for one in kept for fault in one.faulty]
    return figures


def _until_taken_again(several: list[Sender], deployment: Deployment, ended: float, extra: str) -> float:
    """Push one article at a time to each feed until all are taken in; returns the seconds since the load's end."""
    for first in itertools.count(10**9, len(several)):
        probe = Flood(several, deployment.url, first, extra)
        probe.one_each()
        if set(probe.answers.seconds) == {202}:
            break
        time.sleep(0.5)
        assert time.monotonic() - ended < deployment.pace.patience_s, "the feeds are refused for ever"
    return time.monotonic() - ended


def _unfinished(deployment: Deployment, loads: list[Load]) -> int:
    return sum(ledger_audit.unfinished(deployment.database, load.feed) for load in loads)


def _finished(deployment: Deployment, loads: list[Load]) -> int:
    return sum(ledger_audit.finished(deployment.database, load.feed) for load in loads)


def _pushes(deployment: Deployment) -> int:
    """Single pushes that the API has answered, as it counts them itself."""
    asked = {"method": "POST", "route": "/v1/articles"}
    return int(
        sum(
            value
            for labels, value in _series(deployment, "stancewire_http_requests")
            if asked.items() <= labels.items()
        )
    )


def _refusals(deployment: Deployment) -> Counter[str]:
    return Counter({labels["code"]: int(value) for labels, value in _series(deployment, "stancewire_articles_refused")})


def _series(deployment: Deployment, name: str) -> list[tuple[dict[str, str], float]]:
    page = httpx.get(f"{deployment.url}/metrics", timeout=30, trust_env=False).raise_for_status().text
    families = [family for family in text_string_to_metric_families(page) if family.name == name]
    return [(sample.labels, sample.value) for family in families for sample in family.samples]


def _memory(sampler: Sampler, seconds: float) -> dict[str, tuple[float, float]]:
    found = {}
    for name in sampler.names():
        samples = [sample for sample in sampler.of(name) if sample.progress > seconds / 10]
        early = [sample.rss_mb for sample in samples if sample.progress < seconds / 3]
        if early:
            found[name] = (statistics.median(early), max(sample.rss_mb for sample in samples))
    return found
