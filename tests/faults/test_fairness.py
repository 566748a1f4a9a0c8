"""One feed's flood does not delay another's article: shown by places in the order of results, not by time."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select

from services.database.engine import Database
from services.database.tables import results
from tests.faults import ledger_audit
from tests.faults.conftest import Deploy
from tests.faults.deployment import SHORT, until
from tests.faults.entry import Trigger
from tests.faults.load import Load, story

# What the two slots have in hand when it comes, a message of 8 each; nothing of what waits in Redis or in the ledger.
AHEAD = 2 * 8


def test_a_flood_does_not_delay_another_feeds_article(deploy: Deploy) -> None:
    deployment = deploy("sqlite", SHORT)
    flood = Load(deployment.url, "flood", 0, 0)
    flood.add({f"flood-{number}": story(number, Trigger.STEADY) for number in range(100)})
    until(lambda: ledger_audit.finished(deployment.database, "flood") >= 10, 60, "the flood is being read")
    for number in range(3):
        quiet = Load(deployment.url, f"quiet-{number}", 0, 0)
        before = _stored(deployment.database)
        [job_id] = quiet.add({"single": story(number, "It is the only one of its feed.")}).values()
        until(
            lambda feed=quiet.feed: ledger_audit.unfinished(deployment.database, feed) == 0,
            60,
            "the single article is read",
        )
        ahead = _place(deployment.database, job_id) - before - 1
        assert ahead <= AHEAD, f"{ahead} articles of the flood were read before it"
    assert ledger_audit.unfinished(deployment.database, "flood") > 0, "the flood was over"


def _stored(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.coalesce(func.max(results.c.sequence), 0))).scalar_one())


def _place(database: Database, job_id: UUID) -> int:
    with database.read() as connection:
        return int(connection.execute(select(results.c.sequence).where(results.c.job_id == job_id)).scalar_one())
