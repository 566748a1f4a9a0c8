"""Pushes more articles than the workers can analyse; measures answers, memory and the drain of the backlog."""

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
from tests.faults.deployment import Deployment, wait_until
from tests.faults.flood import Answers, Flood, Sender, flood_bodies
from tests.faults.load import Load
from tests.faults.sampling import Sampler

FEEDS = 4
MAX_REFUSING_S = 60  # after the end of the load, within which pushes must be accepted again
_POLL_S = 0.5  # between queries of the ledger, which must not slow down the service
_IN_HAND = 2 * 8  # when only the articles held by the workers are left, some workers are idle


@dataclass
class OverloadResult:
    """The measurements. Rates are in articles per second.

    ``during`` and ``after`` are the answers under overload and after it; ``codes`` counts refusals by code.
    ``refusing_s`` is the time from the end of the load until all feeds are accepted again. ``memory`` has each process'
    median memory early in the overload and its maximum, in MB.
    """

    capacity: float
    seconds: float
    offered: int
    during: Answers
    codes: Counter[str]
    after: Answers
    accepted: int
    finished: int
    drain_rate: float
    drain_s: float
    refusing_s: float
    memory: dict[str, tuple[float, float]]
    lost: int = -1
    doubled: int = -1
    inconsistencies: list[str] = field(default_factory=list)

    @property
    def factor(self) -> float:
        """The offered rate as a multiple of the capacity."""
        return self.offered / self.seconds / self.capacity

    def assert_within(self, *, factor: float, latency_ms: float, growth_mb: float) -> None:
        """Raise AssertionError if a promise is broken or a bound is exceeded."""
        assert (self.lost, self.doubled) == (0, 0)
        assert self.inconsistencies == []
        assert self.during.incomplete == self.after.incomplete == [], "refusals need Retry-After and a problem document"
        assert set(self.during.seconds) <= {200, 202, 429, 503}
        assert not self.during.failed
        assert not self.after.failed
        assert self.factor >= 0.9 * factor, "the flood was too small"
        assert self.during.count(429, 503) > 0, "there was no overload"
        assert self.during.p99_ms(202) <= latency_ms
        assert self.refusing_s <= MAX_REFUSING_S
        assert set(self.after.seconds) == {202}, "refusals after the end of the load"
        assert self.after.p99_ms(202) <= latency_ms
        assert self.drain_rate >= 0.9 * self.capacity
        growth = {name: peak - early for name, (early, peak) in self.memory.items() if peak - early > growth_mb}
        assert not growth, f"memory grows under overload (MB): {growth}"

    def rows(self) -> list[tuple[str, str]]:
        """Return the measurements as rows of a table."""
        codes = ", ".join(f"{number} {code}" for code, number in sorted(self.codes.items()))
        rows = [
            ("capacity", f"{self.capacity:.1f} articles/s"),
            ("offered, counted by the API", f"{self.offered} in {self.seconds:.0f} s: {self.factor:.1f} times as many"),
            ("accepted", f"{self.accepted}"),
            ("refused", f"{self.during.count(429)} with 429, {self.during.count(503)} with 503 ({codes})"),
            ("analysed meanwhile", f"{self.finished}: {self.finished / self.seconds / self.capacity:.2f} of capacity"),
            (
                "accept, p99",
                f"{self.during.p99_ms(202):.0f} ms under overload, {self.after.p99_ms(202):.0f} ms after it",
            ),
            ("refusal, p99", f"{self.during.p99_ms(429, 503):.0f} ms"),
            ("accepted again", f"{self.refusing_s:.1f} s after the end of the load"),
            ("refused after that", f"{self.after.count(429, 503)} of {self.after.total}"),
            ("backlog drained", f"in {self.drain_s:.0f} s at {self.drain_rate / self.capacity:.2f} of capacity"),
            ("lost, doubled", f"{self.lost}, {self.doubled}"),
        ]
        rows += [
            (f"memory, {name}", f"{early:.0f} MB early, {peak:.0f} MB at most")
            for name, (early, peak) in self.memory.items()
        ]
        return rows


class BacklogDrain(threading.Thread):
    """Measures in the background how fast the backlog drains until no job is waiting."""

    def __init__(self, deployment: Deployment, loads: list[Load]) -> None:
        super().__init__(name="drain", daemon=True)
        self._deployment = deployment
        self._loads = loads
        self._finished_before = _count_finished(deployment, loads)
        self._began = time.monotonic()
        self.rate = self.seconds = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.join()

    def run(self) -> None:
        wait_until(self._drained, self._deployment.pace.timeout_s, "the backlog is drained", every_s=_POLL_S)
        self.seconds = time.monotonic() - self._began
        self.rate = (_count_finished(self._deployment, self._loads) - self._finished_before) / self.seconds

    def _drained(self) -> bool:
        return _count_unfinished(self._deployment, self._loads) <= _IN_HAND


def measure_capacity(deployment: Deployment, articles: int, extra: str) -> float:
    """Return the rate in articles per second at which the workers analyse, with no other load on the machine."""
    load = Load(deployment.url, "capacity", 0, 0)
    bodies = flood_bodies(extra)
    for first in range(0, articles, 1000):
        numbers = range(first, min(articles, first + 1000))
        load.push_batch(
            {
                f"capacity-{number}": bodies[number % len(bodies)].replace("@@number@@", str(number))
                for number in numbers
            }
        )
    timeout_s = deployment.pace.timeout_s

    def finished() -> int:
        return ledger_audit.count_finished(deployment.database, load.feed)

    wait_until(lambda: finished() >= articles // 5, timeout_s, "the first fifth is analysed", every_s=_POLL_S)
    finished_before, began = finished(), time.monotonic()
    wait_until(
        lambda: ledger_audit.count_unfinished(deployment.database, load.feed) <= _IN_HAND,
        timeout_s,
        "all of it is analysed",
        every_s=_POLL_S,
    )
    return (finished() - finished_before) / (time.monotonic() - began)


def create_senders(deployment: Deployment, first_limit: int | None) -> list[Sender]:
    """Create feeds with a key each; the first feed may queue at most ``first_limit`` articles."""
    senders = []
    for name in (f"flood-{number}" for number in range(FEEDS)):
        _, key = keys.create(deployment.database, name=name, scopes=[Scope.INGEST], feeds=[name], by=local())
        senders.append(Sender(Load(deployment.url, name, 0, 0), key))
    if first_limit is not None:
        store.change(deployment.database, "flood-0", {"queued_limit": first_limit}, local())
    return senders


def run(
    deployment: Deployment,
    *,
    seconds: float,
    factor: float,
    articles: int,
    after_s: float,
    extra: str = "",
    first_limit: int | None = None,
) -> OverloadResult:
    """Measure the capacity with ``articles``, then overload the service and wait until all is analysed.

    Pushes ``factor`` times the capacity for ``seconds``, then a third of the capacity for ``after_s``.
    """
    capacity = measure_capacity(deployment, articles, extra)
    senders = create_senders(deployment, first_limit)
    loads = [sender.load for sender in senders]
    flood = Flood(senders, deployment.url, 0, extra)
    normal_load = Flood(senders, deployment.url, 10**8, extra)  # from the feeds that were just refused
    offered, codes = _count_pushes(deployment), _count_refusals(deployment)
    began = time.monotonic()
    with Sampler(deployment, lambda: time.monotonic() - began, every_s=min(1.0, seconds / 40)) as sampler:
        flood.run(factor * capacity, seconds)
        ended, flood_s = time.monotonic(), time.monotonic() - began
        offered, codes = _count_pushes(deployment) - offered, _count_refusals(deployment) - codes
        accepted, finished = sum(load.count for load in loads), _count_finished(deployment, loads)
        with BacklogDrain(deployment, loads) as drain:
            refusing_s = _wait_accepted_again(senders, deployment, ended, extra)
            normal_load.run(capacity / 3, after_s)
    wait_until(
        lambda: _count_unfinished(deployment, loads) == 0,
        deployment.pace.timeout_s,
        "all of it is analysed",
        every_s=_POLL_S,
    )
    audits = [ledger_audit.audit_ledger(deployment.database, load) for load in loads]
    return OverloadResult(
        capacity=capacity,
        seconds=flood_s,
        offered=offered,
        during=flood.answers,
        codes=codes,
        after=normal_load.answers,
        accepted=accepted,
        finished=finished,
        drain_rate=drain.rate,
        drain_s=drain.seconds,
        refusing_s=refusing_s,
        memory=_memory(sampler, seconds),
        lost=sum(audit.lost for audit in audits),
        doubled=sum(audit.doubled for audit in audits),
        inconsistencies=[text for audit in audits for text in audit.inconsistencies],
    )


def _wait_accepted_again(senders: list[Sender], deployment: Deployment, ended: float, extra: str) -> float:
    """Push one article to each feed repeatedly until all are accepted; return the seconds since the end of the load."""
    for first in itertools.count(10**9, len(senders)):
        probe = Flood(senders, deployment.url, first, extra)
        probe.push_one_to_each_feed()
        if set(probe.answers.seconds) == {202}:
            break
        time.sleep(0.5)
        assert time.monotonic() - ended < deployment.pace.timeout_s, "the feeds are still refused"
    return time.monotonic() - ended


def _count_unfinished(deployment: Deployment, loads: list[Load]) -> int:
    return sum(ledger_audit.count_unfinished(deployment.database, load.feed) for load in loads)


def _count_finished(deployment: Deployment, loads: list[Load]) -> int:
    return sum(ledger_audit.count_finished(deployment.database, load.feed) for load in loads)


def _count_pushes(deployment: Deployment) -> int:
    """Return the number of single pushes that the API has answered, by its own metrics."""
    route = {"method": "POST", "route": "/v1/articles"}
    series = _series(deployment, "stancewire_http_requests")
    return int(sum(value for labels, value in series if route.items() <= labels.items()))


def _count_refusals(deployment: Deployment) -> Counter[str]:
    return Counter({labels["code"]: int(value) for labels, value in _series(deployment, "stancewire_articles_refused")})


def _series(deployment: Deployment, name: str) -> list[tuple[dict[str, str], float]]:
    page = httpx.get(f"{deployment.url}/metrics", timeout=30, trust_env=False).raise_for_status().text
    families = [family for family in text_string_to_metric_families(page) if family.name == name]
    return [(sample.labels, sample.value) for family in families for sample in family.samples]


def _memory(sampler: Sampler, seconds: float) -> dict[str, tuple[float, float]]:
    """Return the median in the first third, without the first tenth, and the maximum of each process' memory in MB."""
    memory = {}
    for name in sampler.names():
        samples = [sample for sample in sampler.of(name) if sample.progress > seconds / 10]
        early = [sample.rss_mb for sample in samples if sample.progress < seconds / 3]
        if early:
            memory[name] = (statistics.median(early), max(sample.rss_mb for sample in samples))
    return memory
