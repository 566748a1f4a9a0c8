"""The thread that dispatches when it is nudged."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

from services.database.engine import Database
from services.dispatch.dispatcher import DispatchThread
from services.jobs import leases
from tests.support.dispatch import DispatchSetup, Eventually, MakeSetup, job_ids_of
from tests.support.ledger import article, push, set_row


def test_many_nudges_cause_one_run(setup: DispatchSetup, eventually: Eventually) -> None:
    thread = DispatchThread(setup.dispatcher)
    thread.start()
    push(setup.database, *[article(f"Story {number}.") for number in range(3)])
    for _ in range(1000):
        thread.nudge()
    eventually(lambda: setup.client.llen(setup.queue) == 3, 5)
    push(setup.database, article("One more."))
    set_row(setup.database, lease_oldest(setup), next_run_at=0)
    thread.nudge()
    eventually(lambda: setup.client.llen(setup.queue) == 4, 5)
    thread.stop()
    assert not thread._thread.is_alive()


def test_nudges_soon_after_a_run_that_sent_nothing_cause_one_run_after_a_rest(eventually: Eventually) -> None:
    runs: list[float] = []

    class FullWindow:
        def dispatch(self) -> int:
            runs.append(time.monotonic())
            return 0

    thread = DispatchThread(FullWindow())  # type: ignore[arg-type]  # the thread needs nothing else of a dispatcher
    thread.start()
    thread.nudge()
    eventually(lambda: len(runs) == 1, 5)
    for _ in range(10):
        thread.nudge()
    eventually(lambda: len(runs) == 2, 5)
    thread.stop()
    assert len(runs) == 2
    assert runs[1] - runs[0] >= 0.05


def test_nudge_after_a_run_that_sent_messages_causes_a_run_at_once(
    setup: DispatchSetup, eventually: Eventually
) -> None:
    thread = DispatchThread(setup.dispatcher)
    thread.start()
    for number in range(2):
        push(setup.database, article(f"Story {number}."))
        thread.nudge()
        eventually(lambda: setup.client.llen(setup.queue) == number + 1, 5)  # noqa: B023 -- called in this turn
        assert thread._rests_until == 0.0
    thread.stop()


def lease_oldest(setup: DispatchSetup) -> UUID:
    """Lease the job of the oldest message, as a worker would, which makes room for another. Return the job's ID."""
    message = setup.messages()[0]
    [leased] = leases.lease(
        setup.database, UUID(message["headers"]["id"]), [UUID(job_id) for job_id in job_ids_of(message)], 30
    )
    return leased.job_id


def test_dispatch_thread_survives_a_broken_ledger(
    sqlite_database: Database, redis_process: Any, make_setup: MakeSetup, eventually: Eventually
) -> None:
    setup = make_setup(sqlite_database, redis_process.url)
    thread = DispatchThread(setup.dispatcher)
    thread.start()
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO jobs_elsewhere")
    thread.nudge()
    time.sleep(0.3)
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs_elsewhere RENAME TO jobs")
    push(sqlite_database, article(guid=str(uuid4())))
    thread.nudge()
    eventually(lambda: setup.client.llen(setup.queue) == 1, 5)
    thread.stop()
