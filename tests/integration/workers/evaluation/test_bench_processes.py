from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from services.database.engine import Database
from workers.evaluation.bench.processes import POSTGRESQL, cpu_between, usage_by_kind


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_sessions_of_a_local_server_count_also_after_their_end(database: Database) -> None:
    before = usage_by_kind({"api": os.getpid()}, database)
    with database.read() as connection:
        connection.execute(text("SELECT sum(n % 7) FROM generate_series(1, 1000000) AS t(n)"))
    database.dispose()  # ends the session
    after = usage_by_kind({"api": os.getpid()}, database)
    assert cpu_between(before, after)[POSTGRESQL] >= 0.05
    assert after[POSTGRESQL].processes > 1


def test_memory_and_threads_are_those_of_the_process(sqlite_database: Database) -> None:
    usage = usage_by_kind({"api": os.getpid()}, sqlite_database)
    assert usage.keys() == {"api"}
    assert usage["api"].rss_mb >= (usage["api"].pss_mb or 0) > 10
    assert usage["api"].threads == len(list(Path("/proc/self/task").iterdir()))
