"""Calls of PostgreSQL's programs for backups; an error is passed on as one line.

The password is passed in the environment, because every user can see the arguments of a process.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from services.database.engine import Database
from services.errors import StancewireError

_DEBIAN: Final = Path("/usr/lib/postgresql")  # Debian installs each version's programs here, outside the PATH
_REVISION: Final = re.compile(r"^COPY [^\n]*alembic_version[^\n]*\n(\w+)\n", re.MULTILINE)

_DROPS: Final = (
    (
        "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'",
        "DROP TABLE IF EXISTS",
    ),
    (
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "DROP FUNCTION IF EXISTS",
    ),
)


class ToolError(StancewireError):
    """A program is missing or failed. The message is the first line of its output."""

    code = "postgresql_tool"


def dump(url: URL, file: Path) -> None:
    """Write the whole database to ``file`` in the custom format. Raises :class:`ToolError`."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


def load(url: URL, file: Path) -> None:
    """Fill an empty database from ``file`` in one transaction. Raises :class:`ToolError`."""
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run("pg_restore", url, *options, str(file))


def revision_in(file: Path) -> str | None:
    """Return the revision of the schema in a dump, or None if it has none. Raises :class:`ToolError`."""
    sql = _call("pg_restore", ("--data-only", "--table=alembic_version", "--file=-", str(file)), {})
    match = _REVISION.search(sql)
    return None if match is None else match.group(1)


def clear(database: Database) -> None:
    """Drop the tables and functions in the schema ``public``; the schema itself keeps its owner."""
    with database.write() as connection:
        for query, statement in _DROPS:
            for name in connection.exec_driver_sql(query).scalars().all():
                connection.exec_driver_sql(f"{statement} {name} CASCADE")


def _run(program: str, url: URL, *arguments: str) -> None:
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    _call(program, (f"--dbname={address}", "--no-password", *arguments), secret)


def _call(program: str, arguments: tuple[str, ...], secret: dict[str, str]) -> str:
    process = subprocess.run(  # noqa: S603 -- a program of PostgreSQL, with our arguments
        [_find(program), *arguments], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if process.returncode:
        lines = [line for line in process.stderr.splitlines() if line.strip()]
        raise ToolError(lines[0] if lines else f"{program} ended with status {process.returncode}")
    return process.stdout


def _find(program: str) -> str:
    """Return the path of the newest installed version, because a version older than the server refuses to work."""
    installed = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda file: float(file.parts[-3]), reverse=True)
    program_path = str(installed[0]) if installed else shutil.which(program)
    if program_path is None:
        raise ToolError(f"{program} is not installed; Debian has it in the package postgresql-client")
    return program_path
