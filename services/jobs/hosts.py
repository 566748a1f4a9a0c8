"""The parts of the service (API, workers and others): how they register in the ledger, and which of them are alive."""

from __future__ import annotations

import contextlib
import threading
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from services.database.engine import Database, now_ms
from services.database.tables import hosts
from services.errors import StoreUnavailable

log = structlog.get_logger(__name__)

ALIVE_MS: Final = 30_000  # a host counts as alive until it has been silent for this long
_FORGOTTEN_MS: Final = 86_400_000
_ANNOUNCE_EVERY_S: Final = 5.0


class HostRole(StrEnum):
    """The role of a host."""

    API = "api"
    WORKER = "worker"
    SWEEPER = "sweeper"
    DELIVERER = "deliverer"


def alive() -> ColumnElement[bool]:
    """Return the SQL condition that a host was seen in the last 30 s by the database's clock.

    A host seen more than 30 s in the future was seen before the clock was set back. It may have stopped long ago, so
    it does not count. Dispatch, metrics, the console, ``/readyz``, ``health`` and restore all use this definition.
    """
    return and_(hosts.c.seen_at > now_ms() - ALIVE_MS, hosts.c.seen_at < now_ms() + ALIVE_MS)


_LIVE_SLOTS: Final = select(func.coalesce(func.sum(hosts.c.slots), 0)).where(alive())


def announce(database: Database, role: HostRole, name: str, slots: int = 0) -> None:
    """Register a host with its number of worker slots, or renew its registration.

    Repeat this well within `ALIVE_MS`.
    """
    insert = database.insert(hosts).values(role=role, name=name, slots=slots, started_at=now_ms(), seen_at=now_ms())
    upsert = insert.on_conflict_do_update(
        index_elements=[hosts.c.role, hosts.c.name], set_={"slots": slots, "seen_at": now_ms()}
    )
    with database.write() as connection:
        connection.execute(upsert)


def leave(database: Database, role: HostRole, name: str) -> None:
    """Remove a host that stops in order, and every host that has been silent for a day."""
    forgotten = hosts.c.seen_at < now_ms() - _FORGOTTEN_MS
    with database.write() as connection:
        connection.execute(delete(hosts).where(((hosts.c.role == role) & (hosts.c.name == name)) | forgotten))


class AnnouncementThread:
    """Registers the host of a process in the background, and renews the registration until the process stops.

    A database that does not answer only delays the next renewal; whatever serves requests notices and reports that.
    """

    def __init__(self, database: Database, role: HostRole, name: str) -> None:
        """Prepare the thread; `start` runs it."""
        self._database = database
        self._role = role
        self._name = name
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcement", daemon=True)

    def start(self) -> None:
        """Register now, and renew the registration every five seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Remove the registration, waiting for at most five seconds."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                announce(self._database, self._role, self._name)
            except StoreUnavailable as error:
                log.debug("announce_postponed", reason=error.detail)
            except Exception:  # without this thread the process would count as stopped
                log.exception("announce_defect")
            self._stopping.wait(_ANNOUNCE_EVERY_S)
        with contextlib.suppress(StoreUnavailable):
            leave(self._database, self._role, self._name)


def count_live_slots(connection: Connection) -> int:
    """Return the number of worker processes of all live hosts."""
    return int(connection.execute(_LIVE_SLOTS).scalar_one())


def live_slots(database: Database) -> int:
    """Return the number of worker processes of all live hosts, in a transaction of its own."""
    with database.read() as connection:
        return count_live_slots(connection)


def count_live(database: Database, role: HostRole) -> int:
    """Return the number of live hosts of this role."""
    with database.read() as connection:
        query = select(func.count()).select_from(hosts).where(hosts.c.role == role, alive())
        return int(connection.execute(query).scalar_one())


def has_live_host(database: Database, role: HostRole, node: str) -> bool:
    """Return whether a host of this role is alive on the machine ``node`` (host names are ``<node>/<random>``)."""
    on_node = hosts.c.name.startswith(f"{node}/", autoescape=True)
    with database.read() as connection:
        query = select(hosts.c.name).where(hosts.c.role == role, on_node, alive())
        return connection.execute(query).first() is not None


def host_name(node: str, unique: str) -> str:
    """Return the name under which a host registers."""
    return f"{node}/{unique}"
