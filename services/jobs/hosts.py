"""Workers and sweepers make themselves known in the ledger: what dispatch, health and alerts go by."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import delete, select

from services.database.engine import Database, now_ms
from services.database.tables import hosts
from services.jobs.dispatch_window import alive

_FORGOTTEN_MS = 86_400_000


class HostRole(StrEnum):
    """What a host does."""

    WORKER = "worker"
    SWEEPER = "sweeper"


def announce(database: Database, role: HostRole, name: str, slots: int = 0) -> None:
    """This host is alive and has so many worker slots; to be repeated well within ``window.ALIVE_MS``."""
    insert = database.insert(hosts).values(role=role, name=name, slots=slots, started_at=now_ms(), seen_at=now_ms())
    again = insert.on_conflict_do_update(
        index_elements=[hosts.c.role, hosts.c.name], set_={"slots": slots, "seen_at": now_ms()}
    )
    with database.write() as connection:
        connection.execute(again)


def leave(database: Database, role: HostRole, name: str) -> None:
    """This host stops in order; hosts that went without a word a day ago are forgotten with it."""
    gone = hosts.c.seen_at < now_ms() - _FORGOTTEN_MS
    with database.write() as connection:
        connection.execute(delete(hosts).where(((hosts.c.role == role) & (hosts.c.name == name)) | gone))


def is_alive(database: Database, role: HostRole, node: str) -> bool:
    """Whether a host of this role was seen lately on the machine ``node`` (names are ``<node>/<random>``)."""
    with database.read() as connection:
        seen = select(hosts.c.name).where(
            hosts.c.role == role, hosts.c.name.startswith(f"{node}/", autoescape=True), alive()
        )
        return connection.execute(seen).first() is not None


def host_name(node: str, unique: str) -> str:
    """The name under which a host is known."""
    return f"{node}/{unique}"
