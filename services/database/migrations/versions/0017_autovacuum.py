"""Set how often PostgreSQL vacuums and analyses the tables that change most; on SQLite there is nothing to set.

The defaults count in shares of a table: a fifth of the rows before a vacuum, a tenth before new statistics. Of a
million jobs that is hours of dead rows in the indexes that dispatch reads (decision 30). The lock that it takes stops
neither readers nor writers.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# A job's row is written five times, and most of the versions are in a partial index that dispatch or the sweeper reads.
_OFTEN_UPDATED: dict[str, float] = {"autovacuum_vacuum_scale_factor": 0.01, "autovacuum_analyze_scale_factor": 0.02}
# A few rows that every article updates: vacuumed after a fixed number of versions, with room for them on the same page.
_COUNTED: dict[str, float] = {
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 2000,
    "fillfactor": 50,
}
# Rows are added and one day removed. Vacuums mark pages as visible to all, so that timelines read the index alone; the
# newest day must be in the statistics, as most questions are about it.
_APPENDED: dict[str, float] = {
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_insert_scale_factor": 0.02,
    "autovacuum_analyze_scale_factor": 0.01,
}
SETTINGS: dict[str, dict[str, float]] = {
    "jobs": _OFTEN_UPDATED,
    "deliveries": _OFTEN_UPDATED,
    "counters": _COUNTED,
    "hosts": _COUNTED,
    "coverage": _OFTEN_UPDATED,
    "entities": _OFTEN_UPDATED,
    "articles": _APPENDED,
    "results": _APPENDED,
    "indexed_results": _APPENDED,
    "attributions": _APPENDED,
    "attribution_names": _APPENDED,
    "stances": _APPENDED,
    "stance_names": _APPENDED,
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, parameters in SETTINGS.items():
        values = ", ".join(f"{name} = {value}" for name, value in parameters.items())
        op.execute(f"ALTER TABLE {table} SET ({values})")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, parameters in SETTINGS.items():
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(parameters)})")
