"""A flood of one feed does not delay another feed's article, judged by the order of results rather than by time."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import func, select

from services.database.engine import Database
from services.database.tables import results
from tests.faults import ledger_audit
from tests.faults.conftest import Deploy
from tests.faults.deployment import SHORT, wait_until
from tests.faults.fault_injection import Trigger
from tests.faults.load import Load, story

# The two worker processes have a message of 8 articles each when the article arrives; everything waiting in Redis or
# in the ledger must come after it.
MAX_AHEAD = 2 * 8


def test_article_of_a_quiet_feed_overtakes_the_flood_of_another(deploy: Deploy) -> None:
    deployment = deploy("sqlite", SHORT)
    database = deployment.database
    flood = Load(deployment.url, "flood", 0, 0)
    flood.push_batch({f"flood-{number}": story(number, Trigger.STEADY) for number in range(100)})
    wait_until(lambda: ledger_audit.count_finished(database, "flood") >= 10, 60, "the flood is being analysed")
    for number in range(3):
        quiet = Load(deployment.url, f"quiet-{number}", 0, 0)
        before = _last_sequence(database)
        [job_id] = quiet.push_batch({"single": story(number, "It is the only one of its feed.")}).values()
        wait_until(partial(_all_finished, database, quiet.feed), 60, "the single article is analysed")
        ahead = _sequence(database, job_id) - before - 1
        assert ahead <= MAX_AHEAD, f"{ahead} articles of the flood were analysed before it"
    assert ledger_audit.count_unfinished(database, "flood") > 0, "the flood ended too early"


def _all_finished(database: Database, feed: str) -> bool:
    return ledger_audit.count_unfinished(database, feed) == 0


def _last_sequence(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.coalesce(func.max(results.c.sequence), 0))).scalar_one())


def _sequence(database: Database, job_id: UUID) -> int:
    with database.read() as connection:
        return int(connection.execute(select(results.c.sequence).where(results.c.job_id == job_id)).scalar_one())
