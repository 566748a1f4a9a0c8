"""A model check of the ledger: any order of its operations, some of them interleaved, keeps its invariants.

Hypothesis chooses the operations and, for pairs on two connections, the order of their statements. Messages get lost
and are delivered twice, processes die, leases end. In the end the ledger is drained: every job must reach a final
state. ``FUZZ=1`` runs many more examples than the default.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select, update

from services.contracts import FINAL_STATES, JobState
from services.database.engine import Database, now_ms
from services.database.tables import epochs, jobs, metadata
from services.errors import (
    Conflict,
    LeaseLost,
    NotFound,
    PermanentError,
    StoreUnavailable,
    TransientError,
)
from services.jobs import actions, dispatch_window, leases
from services.jobs.accept import accept
from services.jobs.dispatch_window import Message, WindowSize
from services.jobs.leases import LeasedJob
from services.settings import Database as DatabaseSettings
from tests.support.api import url_of
from tests.support.interleaving import Interleaver
from tests.support.ledger import article, result_of
from tests.support.ledger_invariants import LedgerAudit

MAX_ATTEMPTS: Final = 2
MOST_JOBS: Final = 10
WINDOW: Final = WindowSize(per_slot=3, message_articles=3, message_words=10_000)
ROUNDS_TO_DRAIN: Final = 40
CLOSES: Final = ("complete", "complete", "fail", "requeue", "release", "extend", "expire")
ACTS: Final = ("cancel", "withdraw", "retry", "drop")
SCHEDULES: Final = st.lists(st.booleans(), min_size=4, max_size=24)
FUZZ: Final = "FUZZ" in os.environ
# Without FUZZ a failure is reported as it was met: to shorten it takes minutes on a real database.
SETTINGS: Final = settings(
    max_examples=300 if FUZZ else 5,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.generate, Phase.shrink) if FUZZ else (Phase.generate,),
)
EXPECTED: Final = (Conflict, LeaseLost, NotFound, StoreUnavailable)
Operation = Callable[[Database], object]


class LedgerMachine(RuleBasedStateMachine):
    """The world around a ledger: feeds, Redis, worker processes, a sweeper and an operator."""

    databases: Sequence[Database]
    interleaver: Interleaver

    @initialize()
    def begin(self) -> None:
        with self.databases[0].write() as connection:
            for table in reversed(metadata.sorted_tables):
                if table is not epochs:
                    connection.execute(delete(table))
        self.audit = LedgerAudit(self.databases[0])
        self.jobs: list[UUID] = []
        self.article_of: dict[UUID, UUID] = {}
        self.in_redis: list[Message] = []
        self.received: list[Message] = []  # may come a second time
        self.held: list[LeasedJob] = []  # what workers believe to hold
        self.retried = self.dropped = self.pushed = 0
        self.accept(3)(self.databases[0])
        self.accept(2)(self.databases[0])
        self.dispatch(self.databases[0])

    # Operations return nothing that a rule needs at once: what they did is noted here, under the interpreter's lock.

    def accept(self, number: int) -> Operation:
        batch = [article(f"Story {self.pushed + index}.", feed=f"f{index % 2}") for index in range(number)]
        self.pushed += number

        def operation(database: Database) -> None:
            answers = accept(database, batch)
            self.article_of |= {answer.job_id: answer.article_id for answer in answers}
            self.jobs += [answer.job_id for answer in answers]

        return operation

    def dispatch(self, database: Database) -> None:
        self.in_redis += dispatch_window.fill_window(database, WINDOW)

    def deliver(self, message: Message) -> Operation:
        def operation(database: Database) -> None:
            self.held += leases.lease(database, message.id, message.job_ids, 30)

        return operation

    def sweep(self, database: Database) -> None:
        dispatch_window.requeue_expired_leases(database, max_attempts=MAX_ATTEMPTS, lease_s=30)
        overdue = dispatch_window.overdue_messages(database, 5)
        lost = overdue - {message.id for message in self.in_redis}
        if lost:
            dispatch_window.requeue_lost_messages(database, sorted(lost))

    def close(self, job: LeasedJob, how: str) -> Operation:
        def operation(database: Database) -> None:
            if how == "complete":
                leases.complete(database, job, result_of(job), 0.1)
            elif how == "fail":
                leases.fail(database, job, PermanentError("no text", code="no_text"))
            elif how == "requeue":
                leases.requeue(database, job, TransientError("slow"), max_attempts=MAX_ATTEMPTS, delay_s=0)
            elif how == "release":
                leases.release(database, [job])
            elif how == "extend":
                leases.extend(database, [job], 30)
            else:
                leases.expire(database, job.token)

        return operation

    def act(self, job_id: UUID, how: str) -> Operation:
        def operation(database: Database) -> None:
            if how == "cancel":
                actions.cancel(database, job_id)
            elif how == "withdraw":
                actions.withdraw(database, self.article_of[job_id])
            elif how == "retry":
                actions.retry(database, job_id)
                self.retried += 1
            else:
                actions.drop(database, job_id)
                self.dropped += 1

        return operation

    def draw_operation(self, data: st.DataObject) -> Operation:
        """Draw an operation that the present state allows."""
        kinds = ["sweep", "act"] + ["again"] * bool(self.received)
        kinds += ["close"] * 4 * bool(self.held) + ["deliver"] * 4 * bool(self.in_redis)
        kinds += ["dispatch"] * (1 if self.in_redis else 4) + ["accept"] * (len(self.jobs) < MOST_JOBS)
        kind = data.draw(st.sampled_from(kinds))
        if kind == "accept":
            return self.accept(data.draw(st.integers(1, 3)))
        if kind == "deliver":
            message = self.in_redis.pop(data.draw(st.integers(0, len(self.in_redis) - 1)))
            self.received.append(message)
            return self.deliver(message)
        if kind == "again":
            return self.deliver(data.draw(st.sampled_from(self.received)))
        if kind == "close":
            return self.close(
                self.held[data.draw(st.integers(0, len(self.held) - 1))], data.draw(st.sampled_from(CLOSES))
            )
        if kind == "act":
            return self.act(data.draw(st.sampled_from(self.jobs)), data.draw(st.sampled_from(ACTS)))
        return self.dispatch if kind == "dispatch" else self.sweep

    @rule(data=st.data())
    def one_operation(self, data: st.DataObject) -> None:
        with contextlib.suppress(*EXPECTED):
            self.draw_operation(data)(self.databases[0])

    @rule(data=st.data(), schedule=SCHEDULES)
    def two_operations_at_once(self, data: st.DataObject, schedule: list[bool]) -> None:
        self.run_both(self.draw_operation(data), self.draw_operation(data), schedule)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), how=st.sampled_from(CLOSES), act=st.sampled_from(ACTS), schedule=SCHEDULES)
    def worker_and_operator_meet_at_a_job(self, data: st.DataObject, how: str, act: str, schedule: list[bool]) -> None:
        job = self.held[data.draw(st.integers(0, len(self.held) - 1))]
        self.run_both(self.close(job, how), self.act(job.job_id, act), schedule)

    @rule(closes=st.lists(st.sampled_from(CLOSES), min_size=3, max_size=3))
    def message_is_worked_on(self, closes: list[str]) -> None:
        """Let a worker do what it usually does: receive a message, and close its jobs one after the other."""
        if not self.in_redis:
            self.dispatch(self.databases[0])
        for message in self.in_redis[:1]:
            self.in_redis.remove(message)
            self.received.append(message)
            self.deliver(message)(self.databases[0])
            for how, job in zip(closes, [job for job in self.held if job.token == message.id], strict=False):
                with contextlib.suppress(*EXPECTED):
                    self.close(job, how)(self.databases[0])

    def run_both(self, first: Operation, second: Operation, schedule: Sequence[bool]) -> None:
        pair = [partial(act, database) for act, database in zip((first, second), self.databases, strict=True)]
        for error in self.interleaver.run(pair, schedule):
            if not isinstance(error, EXPECTED):
                raise error

    @precondition(lambda self: self.in_redis)
    @rule(data=st.data())
    def message_is_lost(self, data: st.DataObject) -> None:
        self.in_redis.pop(data.draw(st.integers(0, len(self.in_redis) - 1)))

    @rule(what=st.sampled_from(["leases", "messages", "all"]))
    def time_passes(self, what: str) -> None:
        """Let leases end, messages become overdue, and delayed jobs become ready."""
        with self.databases[0].write() as connection:
            if what != "messages":
                running = jobs.c.state == JobState.RUNNING
                connection.execute(update(jobs).where(running).values(lease_until=now_ms() - 1))
            if what != "leases":
                connection.execute(update(jobs).where(jobs.c.message_id.is_not(None)).values(dispatched_at=1))

    @invariant()
    def invariants_hold(self) -> None:
        self.audit.check(accepted=len(self.jobs), retried=self.retried, dropped=self.dropped, max_attempts=MAX_ATTEMPTS)

    def teardown(self) -> None:
        """Drain the ledger: whatever happened, every job has a way to a final state."""
        if not hasattr(self, "jobs"):
            return
        database = self.databases[0]
        for number in range(ROUNDS_TO_DRAIN):
            self.in_redis.clear()
            self.time_passes("all")
            self.sweep(database)
            self.dispatch(database)
            for message in self.in_redis:
                for index, job in enumerate(leases.lease(database, message.id, message.job_ids, 30)):
                    if number > MAX_ATTEMPTS or index:  # the first job of a message kills its worker for a while
                        leases.complete(database, job, result_of(job))
            self.invariants_hold()
            with database.read() as connection:
                states = set(connection.execute(select(jobs.c.state)).scalars())
            if states <= FINAL_STATES:
                break
        assert states <= FINAL_STATES, "11. every accepted job has a way to a final state"


@pytest.fixture
def machine(database: Database) -> Iterator[type[LedgerMachine]]:
    """The machine on a database of each kind, with two connections of processes of their own."""
    quick = DatabaseSettings(busy_timeout_s=1, pool_size=2)
    pair = [Database(url_of(database), quick) for _ in range(2)]

    class Machine(LedgerMachine):
        databases = pair
        interleaver = Interleaver(pair)

    yield Machine
    for opened in pair:
        opened.dispose()


def test_ledger_keeps_its_invariants_in_any_order_of_operations(machine: type[LedgerMachine]) -> None:
    run_state_machine_as_test(machine, settings=SETTINGS)
