"""Scenarios of a cluster under load: shared, cut off, killed, upgraded; each ends with an audit of the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.contracts import JobState
from services.database.tables import jobs, results
from tests.faults import ledger_audit
from tests.faults.deployment import AS_IN_PRODUCTION, FULL_WINDOW_S, RESTART_BOUND_S, START_TIMEOUT_S, Pace, wait_until
from tests.hosts.cluster import Cluster
from tests.hosts.feeds import BalancedLoad
from tests.hosts.watch import ReadyWatch
from tests.support.paths import ROOT

_AWAY: Final = "c"  # the host to which something happens


@dataclass(frozen=True)
class Plan:
    """The size and the times of a scenario.

    ``articles`` is the number that each of the two feeds pushes: half at once, the rest over ``spread_s`` seconds.
    ``cut_s`` is how long a host is cut off. Interrupted jobs must run again within ``bound_s``.
    """

    pace: Pace
    articles: int
    spread_s: float
    cut_s: float
    bound_s: float


_LOCKS_S: Final = 20  # for which PostgreSQL keeps the transaction of a host that is cut off
LONG: Final = Plan(
    AS_IN_PRODUCTION, articles=300, spread_s=60, cut_s=45, bound_s=RESTART_BOUND_S + FULL_WINDOW_S + _LOCKS_S
)


@dataclass
class Outcome:
    """The figures of a scenario. ``violations`` are broken promises, in words; times are in seconds.

    ``read`` has the articles that each host read, ``readyz`` what the hosts that were not taken away answered.
    ``interrupted`` counts jobs that had to begin again; ``again_s`` is the time until the last of them did.
    ``pause_s`` is the longest time between two stored results after the fault, ``notes`` are further figures.
    """

    scenario: str
    articles: int = 0
    lost: int = -1
    doubled: int = -1
    read: dict[str, int] = field(default_factory=dict)
    articles_per_s: float = 0
    interrupted: int = 0
    again_s: float | None = None
    pause_s: float = 0
    refused: int = 0
    failed: int = 0
    readyz: dict[str, int] = field(default_factory=dict)
    notes: dict[str, float | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


@dataclass
class _Fault:
    """The fault of a scenario: the jobs that ran at ``since_ms`` by the ledger's clock, and further figures."""

    since_ms: int
    running: frozenset[UUID] = frozenset()
    notes: dict[str, float | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


Inflict = Callable[[Cluster, Plan, ReadyWatch], _Fault]


def share(cluster: Cluster, _plan: Plan, _watch: ReadyWatch) -> _Fault:
    """Let both hosts work."""
    return _Fault(ledger_audit.clock_ms(cluster.database))


def cut_off(cluster: Cluster, plan: Plan, watch: ReadyWatch) -> _Fault:
    """Take the link of a host away while its worker reads an article, and give it back later."""
    host = cluster.hosts[_AWAY]
    with watch.left_out(_AWAY):
        with cluster.frozen() as running:
            cluster.network.cut_off(_AWAY)
            fault = _Fault(ledger_audit.clock_ms(cluster.database), frozenset(running))
        began = time.monotonic()
        time.sleep(plan.cut_s / 2)
        inside = host.readyz_from_inside()
        if inside != 503:
            fault.violations.append(f"/readyz of the host that is cut off answered {inside} to itself, not 503")
        time.sleep(max(0.0, began + plan.cut_s - time.monotonic()))
        read, joined = host.read(), time.monotonic()
        cluster.network.join(_AWAY)
        wait_until(lambda: host.readyz() == "ok", START_TIMEOUT_S, "the host that was cut off is ready again", 0.1)
        fault.notes["ready after it was joined, s"] = round(time.monotonic() - joined, 1)
    wait_until(lambda: host.read() > read, START_TIMEOUT_S, "the host that was cut off reads again", 0.2)
    fault.notes["reads after it was joined, s"] = round(time.monotonic() - joined, 1)
    return fault


def kill(cluster: Cluster, _plan: Plan, watch: ReadyWatch) -> _Fault:
    """Kill every process of a host while its worker reads an article; start it again when its jobs have run again."""
    host = cluster.hosts[_AWAY]
    with watch.left_out(_AWAY):
        with cluster.frozen() as running:
            host.kill()
            fault = _Fault(ledger_audit.clock_ms(cluster.database), frozenset(running))
        wait_until(partial(_ended, cluster, fault), START_TIMEOUT_S, "the interrupted jobs have ended", 0.2)
        host.start()
        host.wait_ready()
    return fault


def _ended(cluster: Cluster, fault: _Fault) -> bool:
    unfinished = jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING])
    with cluster.database.read() as connection:
        query = select(jobs.c.id).where(jobs.c.id.in_(fault.running), unfinished)
        return connection.execute(query).first() is None


def upgrade(cluster: Cluster, _plan: Plan, watch: ReadyWatch) -> _Fault:
    """Stop one host after the other in order, migrate with this code, and start it with this code."""
    fault = _Fault(ledger_audit.clock_ms(cluster.database))
    for name, host in cluster.hosts.items():
        with watch.left_out(name):
            fault.notes[f"{name} stopped, s"] = round(host.stop(), 1)
            host.code = ROOT
            host.run("migrate")
            began = time.monotonic()
            host.start()
            host.wait_ready()
            fault.notes[f"{name} started, s"] = round(time.monotonic() - began, 1)
    return fault


SCENARIOS: Final[dict[str, Inflict]] = {"shared": share, "cut off": cut_off, "killed": kill, "upgrade": upgrade}


def run(cluster: Cluster, scenario: str, plan: Plan) -> Outcome:
    """Push articles to both hosts, let the scenario happen, wait until every job is final, and audit."""
    outcome, database = Outcome(scenario), cluster.database
    read_before = {name: host.read() for name, host in cluster.hosts.items()}
    loads = _loads(cluster, scenario, plan)
    try:
        with ReadyWatch(cluster.hosts) as watch:
            for load in loads:
                load.start()
            for load in loads:
                load.wait_accepted(load.count // 10, START_TIMEOUT_S)
            wait_until(lambda: _finished(cluster, loads) > 0, START_TIMEOUT_S, "the first article is read")
            fault = SCENARIOS[scenario](cluster, plan, watch)
            for load in loads:
                ledger_audit.wait_all_final(database, load, plan.pace.timeout_s)
    finally:
        for load in loads:
            load.stop()
    outcome.notes, outcome.violations = fault.notes, fault.violations
    outcome.readyz = dict(watch.statuses)
    outcome.read = {name: host.read() - read_before[name] for name, host in cluster.hosts.items()}
    outcome.refused = sum(load.refused for load in loads)
    outcome.failed = sum(load.failed for load in loads)
    _audit(cluster, loads, outcome)
    _measure(cluster, loads, fault, plan, outcome)
    return outcome


def _loads(cluster: Cluster, scenario: str, plan: Plan) -> list[BalancedLoad]:
    urls = [host.url for host in cluster.hosts.values()]
    spread_s = 0 if scenario == "shared" else plan.spread_s
    loads = []
    for number, name in enumerate(cluster.hosts):
        feed = f"{scenario.replace(' ', '-')}-{name}"
        own_first = [*urls[number:], *urls[:number]]
        loads.append(BalancedLoad(own_first, feed, cluster.new_key(feed), plan.articles, spread_s))
    return loads


def _finished(cluster: Cluster, loads: Sequence[BalancedLoad]) -> int:
    return sum(ledger_audit.count_finished(cluster.database, load.feed) for load in loads)


def _audit(cluster: Cluster, loads: Sequence[BalancedLoad], outcome: Outcome) -> None:
    outcome.lost = outcome.doubled = 0
    for load in loads:
        audit = ledger_audit.audit_ledger(cluster.database, load)
        outcome.articles += len(load.accepted)
        outcome.lost += audit.lost
        outcome.doubled += audit.doubled
        outcome.violations += audit.inconsistencies + load.defects
        if audit.states != {"succeeded": load.count}:
            outcome.violations.append(f"{load.feed}: the jobs of {load.count} articles are {dict(audit.states)}")
    for word in ("lost", "doubled"):
        if getattr(outcome, word):
            outcome.violations.append(f"{getattr(outcome, word)} articles were {word}")
    if not all(outcome.read.values()):
        outcome.violations.append(f"not every host read articles: {outcome.read}")


def _measure(cluster: Cluster, loads: Sequence[BalancedLoad], fault: _Fault, plan: Plan, outcome: Outcome) -> None:
    """Set the figures that come from the times in the ledger."""
    feeds = [load.feed for load in loads]
    with cluster.database.read() as connection:
        query = select(results.c.stored_at).where(results.c.feed.in_(feeds)).order_by(results.c.stored_at)
        stored = list(connection.execute(query).scalars())
    outcome.articles_per_s = (len(stored) - 1) / max(0.001, (stored[-1] - stored[0]) / 1000)
    times = [fault.since_ms, *(at for at in stored if at >= fault.since_ms)]
    outcome.pause_s = max(((later - earlier) / 1000 for earlier, later in pairwise(times)), default=0)
    attempts = ledger_audit.attempts_by_job(cluster.database, fault.running)
    outcome.interrupted = sum(number > 1 for number in attempts.values())
    started_ms = ledger_audit.last_start_ms(cluster.database, fault.running, min_attempts=2)
    if started_ms is not None:
        outcome.again_s = (started_ms - fault.since_ms) / 1000
        if outcome.again_s > plan.bound_s:
            outcome.violations.append(f"an interrupted job ran again after {outcome.again_s:.0f} s")
