"""Ten times as many articles as the workers can read: what the API answers, what memory does, and how the backlog drains."""

from __future__ import annotations

import itertools
import json
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from tests.faults import books
from tests.faults.deployment import Deployment, until
from tests.faults.load import Load, story
from tests.faults.sampling import Sampler, pace

FEEDS = 4
NORMAL_S = 60  # so long after the load's end nothing may be refused any more
_SENDERS = 8
_JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"


@dataclass
class Answers:
    """How pushes were answered, and how long that took."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    bare: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *statuses: int) -> int:
        return sum(len(self.seconds.get(status, ())) for status in statuses)

    def p99_ms(self, *statuses: int) -> float:
        taken = sorted(second for status in statuses for second in self.seconds.get(status, ()))
        return 1000 * taken[int(0.99 * (len(taken) - 1))] if taken else 0.0

    def note(self, answer: httpx.Response, seconds: float) -> None:
        with self.lock:
            self.seconds.setdefault(answer.status_code, []).append(seconds)
            told = "Retry-After" in answer.headers and answer.headers["Content-Type"] == PROBLEM
            if answer.status_code in {429, 503} and not told:
                self.bare.append(f"{answer.status_code}: {answer.text[:200]}")


@dataclass
class Figures:
    """Rates are articles a second. ``memory``: of each process its memory in MB early in the overload, and at most."""

    capacity: float
    seconds: float
    offered: int
    during: Answers
    after: Answers
    accepted: int
    drained: float
    drain_s: float
    normal_s: float
    memory: dict[str, tuple[float, float]]
    lost: int = -1
    doubled: int = -1

    def check(self, *, latency_ms: float, growth_mb: float) -> None:
        """Raise AssertionError where a bound of the promise is passed."""
        assert (self.lost, self.doubled) == (0, 0)
        assert self.during.bare == self.after.bare == [], "429 and 503 say when to come again, as a problem"
        assert set(self.during.seconds) <= {200, 202, 429, 503}
        assert not self.during.failed
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
        found = [
            ("capacity", f"{self.capacity:.1f} articles/s"),
            (
                "offered",
                f"{self.offered} in {self.seconds:.0f} s: {self.offered / self.seconds / self.capacity:.1f} times as many",
            ),
            ("accepted", f"{self.accepted}"),
            ("refused", f"{self.during.count(429)} with 429, {self.during.count(503)} with 503"),
            ("accept, p99", f"{self.during.p99_ms(202):.0f} ms under overload, {self.after.p99_ms(202):.0f} ms after it"),
            ("refusal, p99", f"{self.during.p99_ms(429, 503):.0f} ms"),
            ("taken in again", f"{self.normal_s:.1f} s after the load's end"),
            ("refused after that", f"{self.after.count(429, 503)} of {sum(map(len, self.after.seconds.values()))}"),
            ("backlog drained", f"in {self.drain_s:.0f} s at {self.drained / self.capacity:.2f} of capacity"),
            ("lost, doubled", f"{self.lost}, {self.doubled}"),
        ]
        found += [
            (f"memory, {name}", f"{early:.0f} MB early, {most:.0f} MB at most") for name, (early, most) in self.memory.items()
        ]
        return found


class Flood:
    """Single pushes from several senders to several feeds, each article a new one."""

    def __init__(self, loads: list[Load], url: str, first: int, extra: str) -> None:
        self.loads = loads
        self.answers = Answers()
        self._url = url
        self._extra = extra
        self._numbers = itertools.count(first)
        self._stopping = threading.Event()

    def run(self, rate: float, seconds: float) -> None:
        senders = [threading.Thread(target=self._send, args=(rate / _SENDERS, seconds)) for _ in range(_SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    def _send(self, rate: float, seconds: float) -> None:
        with httpx.Client(base_url=self._url, timeout=30, trust_env=False) as client:
            pace(rate, seconds, lambda: self.push(client), self._stopping)

    def push(self, client: httpx.Client) -> None:
        number = next(self._numbers)
        load = self.loads[number % len(self.loads)]
        guid = f"{load.feed}-{number}"
        article = {"feed": load.feed, "guid": guid, "version": "1", "language": "en", "body": story(number, self._extra)}
        began = time.monotonic()
        try:
            answer = client.post("/v1/articles", content=json.dumps(article), headers=_JSON)
        except httpx.HTTPError as error:
            with self.answers.lock:
                self.answers.failed[type(error).__name__] += 1
            return
        self.answers.note(answer, time.monotonic() - began)
        if answer.status_code == 202:
            with self.answers.lock:
                load.taken(guid, answer.json()["id"])

    @property
    def accepted(self) -> int:
        return sum(load.count for load in self.loads)


def capacity(deployment: Deployment, articles: int, extra: str) -> float:
    """Articles a second that the workers read while nothing else is asked of the machine."""
    load = Load(deployment.url, "capacity", 0, 0)
    for first in range(0, articles, 1000):
        load.add({f"capacity-{number}": story(number, extra) for number in range(first, min(articles, first + 1000))})
    done, began = articles // 5, 0.0
    until(lambda: books.finished(deployment.database, load.feed) >= done, deployment.pace.patience_s, "the first fifth is read")
    done, began = books.finished(deployment.database, load.feed), time.monotonic()
    until(lambda: books.unfinished(deployment.database, load.feed) == 0, deployment.pace.patience_s, "all of it is read")
    return (articles - done) / (time.monotonic() - began)


def run(deployment: Deployment, *, seconds: float, times: float, articles: int, after_s: float, extra: str = " ") -> Figures:
    """Measure the capacity, push ``times`` as much for ``seconds``, then a third of it for ``after_s``, and wait for the end."""
    able = capacity(deployment, articles, extra)
    loads = [Load(deployment.url, f"flood-{feed}", 0, 0) for feed in range(FEEDS)]
    flood = Flood(loads, deployment.url, 0, extra)
    calm = Flood(loads, deployment.url, 10**8, extra)  # to the feeds that were refused a moment ago
    began = time.monotonic()
    with Sampler(deployment, lambda: time.monotonic() - began, every_s=min(1.0, seconds / 40)) as sampler:
        flood.run(times * able, seconds)
        ended, took = time.monotonic(), time.monotonic() - began
        waiting, during = _unfinished(deployment, loads), flood.accepted
        normal_s = _until_taken_again(loads, deployment, ended)
        calm.run(able / 3, after_s)
        until(lambda: _unfinished(deployment, loads) == 0, deployment.pace.patience_s, "the backlog is drained")
        drain_s = time.monotonic() - ended
    figures = Figures(
        capacity=able,
        seconds=took,
        offered=sum(map(len, flood.answers.seconds.values())) + flood.answers.failed.total(),
        during=flood.answers,
        after=calm.answers,
        accepted=during,
        drained=(waiting + sum(load.count for load in loads) - during) / drain_s,
        drain_s=drain_s,
        normal_s=normal_s,
        memory=_memory(sampler, seconds),
    )
    kept = [books.balance(deployment.database, load) for load in loads]
    figures.lost, figures.doubled = sum(one.lost for one in kept), sum(one.doubled for one in kept)
    assert not [fault for one in kept for fault in one.faulty]
    return figures


def _until_taken_again(loads: list[Load], deployment: Deployment, ended: float) -> float:
    """Push one article at a time to each feed until all are taken in; returns the seconds since the load's end."""
    for first in itertools.count(10**9, len(loads)):
        probe = Flood(loads, deployment.url, first, " ")
        with httpx.Client(base_url=deployment.url, timeout=30, trust_env=False) as client:
            for _ in loads:
                probe.push(client)
        if set(probe.answers.seconds) == {202}:
            break
        time.sleep(0.5)
        assert time.monotonic() - ended < deployment.pace.patience_s, "the feeds are refused for ever"
    return time.monotonic() - ended


def _unfinished(deployment: Deployment, loads: list[Load]) -> int:
    return sum(books.unfinished(deployment.database, load.feed) for load in loads)


def _memory(sampler: Sampler, seconds: float) -> dict[str, tuple[float, float]]:
    found = {}
    for name in sampler.names():
        samples = [sample for sample in sampler.of(name) if sample.progress > seconds / 10]
        early = [sample.rss_mb for sample in samples if sample.progress < seconds / 3]
        if early:
            found[name] = (statistics.median(early), max(sample.rss_mb for sample in samples))
    return found
