"""A limit to the wait for PostgreSQL's reply, for servers that no longer answer and links that swallow packets.

Timeouts of the server do not help there, and the system notices a dead link only where data is under way: the system
of a frozen server goes on acknowledging it.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

_POLL_S = 0.1  # as often psycopg looks whether it was interrupted


def install(engine: Engine) -> None:
    """Open the engine's connections so that `limit` works on them."""
    event.listen(engine, "do_connect", _connect)


def limit(connection: Connection, seconds: float | None) -> None:
    """Wait at most ``seconds`` for each reply on this connection from now on; None waits without end.

    After that the statement fails with ``psycopg.OperationalError`` and the connection is closed, since a late reply
    could be taken for the reply to another statement.
    """
    driver_connection = connection.connection.driver_connection
    assert isinstance(driver_connection, _BoundedConnection)  # noqa: S101 -- install() saw to it
    driver_connection.reply_timeout_s = seconds


class _BoundedConnection(psycopg.Connection[Any]):
    """A connection that waits for each reply with a limit; all of psycopg's waiting goes through `wait`."""

    reply_timeout_s: float | None = None

    def wait(self, gen: Any, interval: float = _POLL_S, timeout: float | None = None) -> Any:
        if timeout is not None or self.reply_timeout_s is None:
            return super().wait(gen, interval, timeout)
        end = time.monotonic() + self.reply_timeout_s
        try:
            return super().wait(gen, interval, self.reply_timeout_s)
        except psycopg.OperationalError as error:
            if time.monotonic() < end or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no reply within {self.reply_timeout_s:g} s") from error


def _connect(_dialect: Any, _entry: ConnectionPoolEntry, arguments: Any, parameters: Any) -> Any:
    return _BoundedConnection.connect(*arguments, **parameters)
