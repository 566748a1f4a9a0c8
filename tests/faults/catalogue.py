"""The catalogue of all faults, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults import article_faults, process_faults, redis_faults, store_faults
from tests.faults.deployment import Deployment, Pace
from tests.faults.load import Load
from tests.faults.recovery import Recovery

BOTH_DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Fault:
    """A fault and how it is tested.

    ``inflict`` causes the fault under load. ``spread_s`` is the time over which the second half of the load is pushed.
    ``short_form_database`` is the database of the short form, if only one makes sense there. ``with_trained_model``
    adds runs with the trained model. ``settings`` are environment variables.
    """

    name: str
    title: str
    inflict: Callable[[Deployment, Load], Recovery]
    databases: tuple[str, ...] = BOTH_DATABASES
    short_form_database: str = ""
    spread_s: Callable[[Pace], float] = lambda _pace: 1.0
    with_trained_model: bool = False
    settings: dict[str, str] = field(default_factory=dict)


SIXTEEN_PER_MESSAGE = {"STANCEWIRE_BROKER__MESSAGE_ARTICLES": "16"}

FAULTS = (
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
    Fault("double", "every message delivered twice", redis_faults.deliver_twice),
    Fault("sweepers", "two sweepers, flush, child killed", process_faults.run_two_sweepers),
    Fault("sigterm", "SIGTERM in mid-article", process_faults.terminate_worker),
)
