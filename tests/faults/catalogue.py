"""Every fault that is tried, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults import of_articles, of_processes, of_redis, of_the_store
from tests.faults.deployment import Deployment, Pace
from tests.faults.load import Load
from tests.faults.recovery import Recovery

BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Fault:
    """``spread_s``: over how long the second half of the load comes in. ``trained``: tried with the trained model, too.

    ``short``: the database of the short form, where it is not all the same.
    """

    name: str
    shown_as: str
    inflict: Callable[[Deployment, Load], Recovery]
    databases: tuple[str, ...] = BOTH
    short: str = ""
    spread_s: Callable[[Pace], float] = lambda _pace: 1.0
    trained: bool = False
    settings: dict[str, str] = field(default_factory=dict)


SIXTEEN = {"STANCEWIRE_BROKER__MESSAGE_ARTICLES": "16"}

FAULTS = (
    Fault(
        "api", "API killed after COMMIT", of_processes.api_killed_after_commit, spread_s=lambda pace: 4 * pace.overdue_s
    ),
    Fault("child", "worker child killed", of_processes.child_killed, trained=True),
    Fault("main", "worker main process killed", of_processes.main_killed, trained=True),
    Fault(
        "sweeper", "sweeper killed, a message lost", of_processes.sweeper_killed, spread_s=lambda pace: pace.overdue_s
    ),
    Fault("everything", "everything killed, restarted", of_processes.everything_killed),
    Fault("flush", "Redis flushed", of_redis.flushed),
    Fault("frozen", "Redis frozen", of_redis.stopped, spread_s=lambda pace: pace.outage_s),
    Fault("redis", "Redis killed, restarted empty", of_redis.restarted_empty),
    Fault("full", "Redis full", of_redis.full),
    Fault("postgres", "PostgreSQL restarted", of_the_store.restarted, databases=("postgresql",)),
    Fault("locked", "database locked", of_the_store.locked, spread_s=lambda pace: pace.lock_s),
    Fault("disk", "disk full", of_the_store.disk_full, spread_s=lambda pace: pace.outage_s / 2, short="sqlite"),
    Fault("poison", "poison among 16 good ones", of_articles.poison, trained=True, settings=SIXTEEN),
    Fault("soft", "soft limit passed", of_articles.past_the_soft_limit),
    Fault("hard", "hard limit passed, in C", of_articles.past_the_hard_limit, settings=SIXTEEN),
    Fault("clock", "clock set back, child killed", of_the_store.clock_set_back),
    Fault("double", "every message delivered twice", of_redis.delivered_twice),
    Fault("sweepers", "two sweepers, flush, child killed", of_processes.two_sweepers),
    Fault("sigterm", "SIGTERM in mid-article", of_processes.told_to_stop),
)
