"""The catalogue of all faults, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults import (
    article_faults,
    client_faults,
    link_outages,
    postgres_outages,
    process_faults,
    process_outages,
    redis_faults,
    redis_outages,
    store_faults,
)
from tests.faults.deployment import Deployment, Pace
from tests.faults.load import Load
from tests.faults.outages import Broken, disturbance, outage
from tests.faults.recovery import Recovery
from tests.faults.sections import SECTIONS

BOTH_DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Fault:
    """A fault and how it is tested.

    ``inflict`` causes the fault under load. ``spread_s`` is the time over which the second half of the load is pushed.
    ``short_form_database`` is the database of the short form, if only one makes sense there. ``with_trained_model``
    adds runs with the trained model. ``settings`` are environment variables. ``linked`` puts links between the service
    and its stores. ``in_every_run`` is false where another fault of the same kind is in `make test`. ``untold`` says
    why nobody has to learn of it.
    """

    name: str
    title: str
    inflict: Callable[[Deployment, Load], Recovery]
    databases: tuple[str, ...] = BOTH_DATABASES
    short_form_database: str = ""
    spread_s: Callable[[Pace], float] = lambda _pace: 1.0
    with_trained_model: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    linked: bool = False
    in_every_run: bool = True
    untold: str = ""

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections of the runbook that an operator has to be led to; empty if ``untold`` says why to none."""
        return SECTIONS.get(self.name, ())


SIXTEEN_PER_MESSAGE = {"STANCEWIRE_BROKER__MESSAGE_ARTICLES": "16"}

ON_POSTGRESQL = ("postgresql",)

HARMLESS = "nothing suffers"
IN_ORDER = "an orderly restart"


def _while(name: str, title: str, broken: Broken, *, stops_work: bool = True, **options: Any) -> Fault:
    """Return a fault that lasts for ``Pace.outage_s``, while the feed pushes."""
    inflict = outage(broken) if stops_work else disturbance(broken)
    return Fault(name, title, inflict, spread_s=lambda pace: pace.outage_s + 2, **options)


_FAULTS = (
    Fault(
        "api",
        "API killed after COMMIT",
        process_faults.kill_api_after_commit,
        spread_s=lambda pace: 4 * pace.overdue_s,
    ),
    Fault("child", "worker child killed", process_faults.kill_child, with_trained_model=True),
    Fault("main", "worker main process killed", process_faults.kill_main_process, with_trained_model=True),
    Fault(
        "sweeper",
        "sweeper killed, a message lost",
        process_faults.kill_sweeper,
        spread_s=lambda pace: pace.overdue_s,
    ),
    Fault("everything", "everything killed, restarted", process_faults.kill_everything),
    Fault("flush", "Redis flushed", redis_faults.flush),
    Fault("frozen", "Redis frozen", redis_faults.freeze, spread_s=lambda pace: pace.outage_s),
    Fault("redis", "Redis killed, restarted empty", redis_faults.restart_empty),
    Fault("full", "Redis full", redis_faults.fill_up),
    Fault("postgres", "PostgreSQL restarted", store_faults.restart_postgres, databases=("postgresql",)),
    Fault("locked", "database locked", store_faults.lock, spread_s=lambda pace: pace.lock_s),
    Fault(
        "disk",
        "disk full",
        store_faults.fill_disk,
        spread_s=lambda pace: pace.outage_s / 2,
        short_form_database="sqlite",
    ),
    Fault(
        "poison",
        "poison among 16 good ones",
        article_faults.kill_its_process,
        with_trained_model=True,
        settings=SIXTEEN_PER_MESSAGE,
    ),
    Fault("soft", "soft limit passed", article_faults.pass_soft_limit),
    Fault("hard", "hard limit passed, in C", article_faults.pass_hard_limit, settings=SIXTEEN_PER_MESSAGE),
    Fault("clock", "clock set back, child killed", store_faults.set_clock_back),
    Fault("double", "every message delivered twice", redis_faults.deliver_twice, untold=HARMLESS),
    Fault("sweepers", "two sweepers, flush, child killed", process_faults.run_two_sweepers),
    Fault("sigterm", "SIGTERM in mid-article", process_faults.terminate_worker, untold=IN_ORDER),
)
_OUTAGES = (
    _while("readonly", "PostgreSQL read-only", postgres_outages.read_only, databases=ON_POSTGRESQL),
    _while(
        "connections",
        "PostgreSQL out of connections",
        postgres_outages.out_of_connections,
        databases=ON_POSTGRESQL,
        in_every_run=False,
    ),
    _while(
        "failover",
        "PostgreSQL failed over to its standby",
        postgres_outages.failed_over,
        databases=ON_POSTGRESQL,
        in_every_run=False,
    ),
    _while(
        "timeouts",
        "statements time out",
        postgres_outages.statements_cancelled,
        databases=ON_POSTGRESQL,
        in_every_run=False,
    ),
    _while(
        "newer",
        "schema newer than the program",
        postgres_outages.newer_schema,
        stops_work=False,
        databases=ON_POSTGRESQL,
        in_every_run=False,
    ),
    _while("mounted", "SQLite's disk read-only", store_faults.read_only, databases=("sqlite",), in_every_run=False),
    _while(
        "backends",
        "its backends ended in a loop",
        postgres_outages.backends_ended,
        databases=ON_POSTGRESQL,
        in_every_run=False,
    ),
    _while(
        "idle",
        "jobs locked by an idle transaction",
        postgres_outages.jobs_locked,
        databases=ON_POSTGRESQL,
        in_every_run=False,
    ),
    _while(
        "counters",
        "rows of counters locked",
        postgres_outages.counters_locked,
        databases=ON_POSTGRESQL,
        in_every_run=False,
    ),
    *(
        _while(
            f"link-{name}",
            f"link to {name.replace('-', ' ')}",
            broken,
            stops_work=not name.endswith("delay"),
            databases=ON_POSTGRESQL,
            linked=True,
            in_every_run=False,
        )
        for name, broken in {
            "postgresql-delay": link_outages.DATABASE_DELAY,
            "postgresql-swallow": link_outages.DATABASE_SWALLOW,
            "postgresql-reset": link_outages.DATABASE_RESET,
            "redis-delay": link_outages.REDIS_DELAY,
            "redis-swallow": link_outages.REDIS_SWALLOW,
            "redis-reset": link_outages.REDIS_RESET,
        }.items()
    ),
    _while("type", "queue's key of a foreign type", redis_outages.queue_of_a_foreign_type),
    _while("permission", "Redis user without BRPOP", redis_outages.no_permission, in_every_run=False),
    _while("replica", "Redis a replica", redis_outages.replica, in_every_run=False),
    _while("unsaved", "Redis cannot save to its disk", redis_outages.unsaved, in_every_run=False),
    _while("junk", "20,000 junk messages", redis_outages.junk, stops_work=False),
    _while("stopped-child", "child stopped", process_outages.stopped("child"), stops_work=False),
    _while(
        "stopped-worker",
        "worker's main process stopped",
        process_outages.stopped("worker"),
        stops_work=False,
        in_every_run=False,
    ),
    _while(
        "stopped-sweeper", "sweeper stopped", process_outages.stopped("sweeper"), stops_work=False, in_every_run=False
    ),
    _while("stopped-api", "API stopped", process_outages.stopped("api"), stops_work=False, in_every_run=False),
    *(
        _while(
            f"descriptors-{part}",
            f"{title} without file descriptors",
            process_outages.few_descriptors(part),
            stops_work=False,
            in_every_run=False,
            untold="it goes on with the connections that it has" if part == "sweeper" else "",
        )
        for part, title in {"api": "API", "worker": "worker", "sweeper": "sweeper"}.items()
    ),
    Fault("memory", "out of memory in a child", process_outages.run_out_of_memory, in_every_run=False),
    _while(
        "logs",
        "disk of the logs full",
        process_outages.full_disk_of_logs,
        stops_work=False,
        in_every_run=False,
        untold="nothing waits; lines are missing",
    ),
    _while("polls", "500 long polls", client_faults.long_polls, stops_work=False, in_every_run=False, untold=HARMLESS),
    _while("uploads", "50 uploads that never end", client_faults.slow_uploads, stops_work=False, untold=HARMLESS),
    _while(
        "leavers",
        "clients that leave in mid-answer",
        client_faults.leavers,
        stops_work=False,
        in_every_run=False,
        untold=HARMLESS,
    ),
    _while("forward", "clock a day ahead", store_faults.clock_ahead, stops_work=False, in_every_run=False),
    Fault(
        "rolling",
        "every part restarted in turn",
        process_outages.restart_in_turn,
        untold=IN_ORDER,
        spread_s=lambda pace: 2 * pace.outage_s,
        in_every_run=False,
    ),
    Fault(
        "restore",
        "restore in operation",
        process_outages.restore_while_running,
        in_every_run=False,
        untold="the command says why it refuses",
    ),
    Fault(
        "random",
        "random parts killed in a loop",
        process_outages.kill_at_random,
        spread_s=lambda pace: 3 * pace.outage_s,
        in_every_run=False,
    ),
)
FAULTS = (*_FAULTS, *_OUTAGES)
