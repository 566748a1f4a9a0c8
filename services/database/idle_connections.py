"""Notices that the server closed a pooled connection while it was idle, mostly without asking the server.

A question before each transaction (``pool_pre_ping``) would cost a round trip, which is what a distant database is
short of. A server that ends a connection sends its farewell, so the socket of a dead connection is readable.
"""

from __future__ import annotations

import select
import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

_RETURNED_AT: Final = "stancewire_returned_at"
_TRUSTED_S: Final = 30.0  # after a longer rest the server is asked: a link may have died without a farewell


def check_at_checkout(engine: Engine) -> None:
    """Replace dead connections of the engine's pool when they are taken from it."""
    event.listen(engine, "checkin", _remember)
    event.listen(engine, "checkout", _check)


def _remember(_connection: Any, entry: ConnectionPoolEntry) -> None:
    entry.info[_RETURNED_AT] = time.monotonic()


def _check(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
    returned_at = entry.info.get(_RETURNED_AT)
    if returned_at is None:  # it has just been opened
        return
    if time.monotonic() - returned_at < _TRUSTED_S and not _is_readable(connection):
        return
    if not _answers(connection):
        raise InvalidatePoolError("the server closed the connection")


def _is_readable(connection: Any) -> bool:
    """Return whether the server has sent something unasked, or whether the connection is closed."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


def _answers(connection: Any) -> bool:
    if connection.closed:
        return False
    import psycopg

    try:
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = False
    except psycopg.Error:
        return False
    return True
