from __future__ import annotations

from services.contracts import JobState
from services.database.engine import Database
from services.jobs import activity, hosts
from services.jobs.hosts import HostRole
from tests.support.api import complete_job, fail_job
from tests.support.ledger import article, claim_all, push, set_row


def test_accepted_and_stored_articles_are_counted_by_interval(database: Database) -> None:
    jobs = [answer.job_id for answer in push(database, *(article(f"Story {number}.") for number in range(5)))]
    for job_id in jobs[:3]:
        complete_job(database, job_id)
    fail_job(database, jobs[3])
    with database.read() as connection:
        now = connection.exec_driver_sql("SELECT max(finished_at) FROM jobs").scalar_one()
    for number, job_id in enumerate(jobs):
        set_row(database, job_id, created_at=now - 15_000)
        if number < 3:
            set_row(database, job_id, finished_at=now - (15_000 if number else 35_000))
    recent = activity.activity(database, step_s=10, steps=6)
    assert len(recent.accepted) == len(recent.stored) == 6
    assert sum(recent.accepted) == 5
    assert sum(recent.stored) == 3, "a failure stores nothing"
    assert sorted(recent.stored) == [0, 0, 0, 0, 1, 2]
    assert activity.activity(database, step_s=1, steps=5).stored == (0,) * 5, "older results are left out"


def test_activity_over_the_row_limit_returns_only_complete_intervals(sqlite_database: Database) -> None:
    jobs = [answer.job_id for answer in push(sqlite_database, *(article(f"Story {number}.") for number in range(20)))]
    with sqlite_database.read() as connection:
        now = connection.exec_driver_sql("SELECT max(created_at) FROM jobs").scalar_one()
    for number, job_id in enumerate(jobs):
        set_row(sqlite_database, job_id, created_at=now - 60_000 + number * 3_000)
    whole = activity.activity(sqlite_database, step_s=10, steps=8)
    limited = activity.activity(sqlite_database, step_s=10, steps=8, most=8)
    assert 0 < len(limited.accepted) < len(whole.accepted) == 8
    assert limited.accepted == whole.accepted[-len(limited.accepted) :]


def test_silent_host_is_listed_as_not_alive(database: Database) -> None:
    hosts.announce(database, HostRole.WORKER, "one/a", slots=3)
    hosts.announce(database, HostRole.SWEEPER, "one/b")
    hosts.announce(database, HostRole.WORKER, "two/c", slots=2)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE hosts SET seen_at = seen_at - 90000 WHERE name = 'one/a'")
    listed = activity.list_hosts(database)
    assert [(host.name, host.role, host.slots, host.alive) for host in listed] == [
        ("two/c", "worker", 2, True),
        ("one/b", "sweeper", 0, True),
        ("one/a", "worker", 3, False),
    ]
    assert listed[0].quiet_s < 30
    assert listed[-1].quiet_s >= 90


def test_last_failures_are_sorted_by_end(database: Database) -> None:
    jobs = [answer.job_id for answer in push(database, *(article(f"Story {number}.") for number in range(4)))]
    claim_all(database)
    for number, state in enumerate((JobState.FAILED, JobState.DEAD, JobState.FAILED, JobState.SUCCEEDED)):
        set_row(database, jobs[number], state=state, lease_token=None, lease_until=None, finished_at=1_000 - number)
    assert [job.id for job in activity.last_failures(database, limit=9)] == jobs[:3]
    assert [job.id for job in activity.last_failures(database, limit=2)] == jobs[:2]


def test_dead_jobs_are_counted_by_reason(database: Database) -> None:
    jobs = [answer.job_id for answer in push(database, *(article(f"Story {number}.") for number in range(5)))]
    for job_id, reason in zip(jobs, ("worker_lost", "defect", "defect", None), strict=False):
        set_row(database, job_id, state=JobState.DEAD, reason_code=reason)
    assert activity.dead_by_reason(database) == {"worker_lost": 1, "defect": 2, "": 1}
    assert activity.dead_by_reason(database, most=2) == {"defect": 1, "": 1}
