"""Whether the database can do its whole part now: answer, accept writes, and know the schema that the code needs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ARRAY, Connection, Row, String, bindparam, inspect, text

from services.database import migrations
from services.database.engine import Database
from services.database.tables import metadata
from services.errors import StoreFault, StoreUnavailable

_UPDATED: Final = ("jobs", "counters", "hosts")  # tables without whose UPDATE nothing works
_LOCK_WAIT_S: Final = 2.0  # a statement that waits for longer is not in the usual crowd
# One round trip. `pg_stat_activity` shows the waits of our own role only, unless we may see those of others.
_STATE: Final = text(
    """
    SELECT current_setting('transaction_read_only') = 'on' AS read_only,
           pg_is_in_recovery() AS standby,
           array(SELECT name FROM unnest(:tables) AS name WHERE to_regclass(name) IS NULL) AS missing,
           array(SELECT name FROM unnest(:tables) AS name
                 WHERE NOT (has_table_privilege(to_regclass(name), 'SELECT')
                            AND has_table_privilege(to_regclass(name), 'INSERT')
                            AND (name <> ALL (:updated) OR has_table_privilege(to_regclass(name), 'UPDATE')))
           ) AS denied,
           coalesce((SELECT max(extract(epoch FROM clock_timestamp() - query_start)) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'), 0) AS lock_wait_s
    """
).bindparams(bindparam("tables", type_=ARRAY(String)), bindparam("updated", type_=ARRAY(String)))


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """The result of a probe: the seconds of one round trip, and a fault in spite of which articles are accepted."""

    round_trip_s: float
    degraded: StoreUnavailable | None = None


def probe(database: Database) -> DatabaseState:
    """Ask the database what a push needs of it. Nothing is changed. Raises `StoreUnavailable` with the fault."""
    if database.dialect == "sqlite":
        with database.write() as connection:  # takes the lock of a writer
            began = time.perf_counter()
            connection.execute(text("SELECT 1"))
            return DatabaseState(time.perf_counter() - began, _check_schema(connection))
    with database.read() as connection:
        connection.execute(text("SELECT 1"))  # connects if necessary
        began = time.perf_counter()
        connection.execute(text("SELECT 1"))
        round_trip_s = time.perf_counter() - began
        values = {"tables": sorted(metadata.tables), "updated": list(_UPDATED)}
        state = connection.execute(_STATE, values).one()
        _check_state(state)
        degraded = _check_schema(connection)
    if state.missing:
        raise StoreUnavailable(f"there are no tables {', '.join(state.missing)}", StoreFault.SCHEMA_MISSING)
    if state.lock_wait_s > _LOCK_WAIT_S:
        degraded = StoreUnavailable(f"a statement has waited {state.lock_wait_s:.0f} s for a lock", StoreFault.LOCKED)
    return DatabaseState(round_trip_s, degraded)


def _check_state(state: Row[Any]) -> None:
    if state.read_only:
        reason = "the server is a standby" if state.standby else "default_transaction_read_only is on"
        raise StoreUnavailable(f"the database is read-only: {reason}", StoreFault.READ_ONLY)
    if len(state.missing) == len(metadata.tables):
        raise StoreUnavailable("there is no schema: run `stancewire migrate`", StoreFault.SCHEMA_OLD)
    if state.denied:
        raise StoreUnavailable(f"the role may not use {', '.join(state.denied)}", StoreFault.NO_PERMISSION)


def _check_schema(connection: Connection) -> StoreUnavailable | None:
    """Compare the schema with the one that the code needs. Raises `StoreUnavailable` if the code cannot work on it.

    A newer schema that has all that the code needs is what an upgrade looks like from the old version.
    """
    newest = migrations.newest()
    revision = migrations.current_on(connection)
    if revision == newest:
        return None
    if revision is None or revision in migrations.known_revisions():
        reason = f"the schema lacks revision {newest}: run `stancewire migrate`"
        raise StoreUnavailable(reason, StoreFault.SCHEMA_OLD)
    lacking = _lacking_columns(connection)
    reason = f"the schema has revision {revision}, and this version knows none after {newest}"
    if lacking:
        reason += f"; it lacks {', '.join(lacking)}: install the version that migrated it"
        raise StoreUnavailable(reason, StoreFault.SCHEMA_NEW)
    return StoreUnavailable(f"{reason}: complete the upgrade of this process", StoreFault.SCHEMA_NEW)


def _lacking_columns(connection: Connection) -> list[str]:
    inspector = inspect(connection)
    existing = {
        f"{table}.{column['name']}"
        for (_, table), columns in inspector.get_multi_columns().items()
        for column in columns
    }
    needed = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    return sorted(needed - existing)
