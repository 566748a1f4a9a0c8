"""Which errors of the database's driver mean that the database cannot do its part now, and how it fails."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.errors import StoreFault, StoreUnavailable

# By SQLSTATE, or by its class, its first two characters (PostgreSQL, appendix A).
_BY_SQLSTATE: Final = {
    "08P01": StoreFault.POOLER,  # PgBouncer refuses a parameter of the session that it cannot keep
    "08": StoreFault.NO_ANSWER,
    "25006": StoreFault.READ_ONLY,
    "25P03": StoreFault.NO_ANSWER,  # the server ended an idle transaction: this process was frozen
    "25P04": StoreFault.NO_ANSWER,
    "26000": StoreFault.POOLER,  # a prepared statement is not known: another connection prepared it
    "28": StoreFault.NO_PERMISSION,
    "3D000": StoreFault.SCHEMA_MISSING,
    "3F000": StoreFault.SCHEMA_MISSING,
    "40": StoreFault.LOCKED,
    "42501": StoreFault.NO_PERMISSION,
    "42703": StoreFault.SCHEMA_MISSING,
    "42P01": StoreFault.SCHEMA_MISSING,
    "42P05": StoreFault.POOLER,
    "53": StoreFault.FULL,
    "53300": StoreFault.CONNECTIONS,
    "55P03": StoreFault.LOCKED,
    "57": StoreFault.NO_ANSWER,
    "57014": StoreFault.SLOW,
    "57P03": StoreFault.STARTING,
    "58": StoreFault.UNEXPECTED,
    "XX": StoreFault.UNEXPECTED,
    "XX001": StoreFault.DAMAGED,
    "XX002": StoreFault.DAMAGED,
}
# The driver knows no SQLSTATE of a refused connection.
_BY_WORDS: Final = {
    "too many clients": StoreFault.CONNECTIONS,
    "remaining connection slots": StoreFault.CONNECTIONS,
    "too many connections": StoreFault.CONNECTIONS,
    "no more connections allowed": StoreFault.CONNECTIONS,
    "unsupported startup parameter": StoreFault.POOLER,
    "prepared statement": StoreFault.POOLER,
    "starting up": StoreFault.STARTING,
    "in recovery mode": StoreFault.STARTING,
    "not yet accepting": StoreFault.STARTING,
    "authentication failed": StoreFault.NO_PERMISSION,
    "no password supplied": StoreFault.NO_PERMISSION,
    "pg_hba.conf": StoreFault.NO_PERMISSION,
    "permission denied": StoreFault.NO_PERMISSION,
    "is not permitted to log in": StoreFault.NO_PERMISSION,
}
# SQLite's primary result codes.
_BY_RESULT_CODE: Final = {
    sqlite3.SQLITE_PERM: StoreFault.NO_PERMISSION,
    sqlite3.SQLITE_BUSY: StoreFault.LOCKED,
    sqlite3.SQLITE_LOCKED: StoreFault.LOCKED,
    sqlite3.SQLITE_READONLY: StoreFault.READ_ONLY,
    sqlite3.SQLITE_IOERR: StoreFault.UNEXPECTED,
    sqlite3.SQLITE_CORRUPT: StoreFault.DAMAGED,
    sqlite3.SQLITE_FULL: StoreFault.FULL,
    sqlite3.SQLITE_CANTOPEN: StoreFault.NO_ANSWER,
    sqlite3.SQLITE_NOTADB: StoreFault.DAMAGED,
}
_ADVICE: Final = {
    StoreFault.POOLER: "; behind PgBouncer in transaction mode, set STANCEWIRE_DATABASE__POOLER=transaction",
}


def unavailability(error: DBAPIError | PoolTimeout, url: URL) -> StoreUnavailable | None:
    """Return the error to raise instead, or None if the statement itself was wrong, which is a defect of ours."""
    if isinstance(error, PoolTimeout):
        return StoreUnavailable(f"every connection of this process is in use: {error}", StoreFault.CONNECTIONS)
    fault = _fault(error)
    if fault is None:
        if not isinstance(error, OperationalError | InterfaceError) and not error.connection_invalidated:
            return None
        fault = StoreFault.NO_ANSWER
    return StoreUnavailable(_reason(error, url) + _ADVICE.get(fault, ""), fault)


def _fault(error: DBAPIError) -> StoreFault | None:
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_fault(error.orig)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate:
        return _BY_SQLSTATE.get(sqlstate) or _BY_SQLSTATE.get(sqlstate[:2])
    if not isinstance(error, OperationalError):
        return None
    words = str(error.orig)
    return next((fault for phrase, fault in _BY_WORDS.items() if phrase in words), None)


def _sqlite_fault(error: sqlite3.Error) -> StoreFault | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if code == sqlite3.SQLITE_ERROR and str(error).startswith(("no such table", "no such column")):
        return StoreFault.SCHEMA_MISSING
    return _BY_RESULT_CODE.get(code & 0xFF)  # the low byte of an extended code


def _reason(error: DBAPIError, url: URL) -> str:
    """Return the first line of the database's message, with the database's URL without its password."""
    lines = str(error.orig).strip().splitlines()
    return f"{lines[0] if lines else type(error).__name__} ({url.render_as_string(hide_password=True)})"
