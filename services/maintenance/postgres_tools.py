"""Calls of PostgreSQL's programs for backups; an error is passed on as one line.

The password is passed in the environment, because every user can see the arguments of a process.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Final

from sqlalchemy import URL

from services.errors import StancewireError

_DEBIAN: Final = Path("/usr/lib/postgresql")  # Debian installs each version's programs here, outside the PATH
_REVISION: Final = re.compile(r"^COPY [^\n]*alembic_version[^\n]*\n(\w+)\n", re.MULTILINE)

# Locks the tables in the schema "public", refuses if {used} holds, and drops tables and functions; the schema itself
# keeps its owner. With the tables locked, nothing can be accepted between the check and the drop.
_CLEAR: Final = """
BEGIN;
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = 0;
DO $clear$
DECLARE item text;
BEGIN
    FOR item IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1 LOOP
        EXECUTE 'LOCK TABLE ' || item || ' IN ACCESS EXCLUSIVE MODE';
    END LOOP;
    IF {used} THEN
        RAISE EXCEPTION 'a part began to use this database: stop every part first';
    END IF;
    FOR item IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'DROP TABLE IF EXISTS ' || item || ' CASCADE';
    END LOOP;
    FOR item IN SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
        EXECUTE 'DROP FUNCTION IF EXISTS ' || item || ' CASCADE';
    END LOOP;
END $clear$;
"""


class ToolError(StancewireError):
    """A program is missing or failed. The message is the first line of its output."""

    code = "postgresql_tool"


def dump(url: URL, file: Path) -> None:
    """Write the whole database to ``file`` in the custom format. Raises :class:`ToolError`."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


def replace(url: URL, file: Path, used: str) -> None:
    """Replace all tables by those in ``file``, in one transaction, unless the SQL condition ``used`` holds.

    Raises `ToolError`; then nothing has changed.
    """
    address, secret = _address(url)
    options = ("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", f"--dbname={address}")
    with tempfile.TemporaryFile("w+") as errors:
        psql = subprocess.Popen(  # noqa: S603 -- a program of PostgreSQL, with our arguments
            [_find("psql"), *options],
            env=os.environ | secret,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        assert psql.stdin is not None  # noqa: S101 -- it is a pipe
        failure = None
        with contextlib.suppress(BrokenPipeError), psql.stdin as script:
            script.write(_CLEAR.format(used=used).encode())
            script.flush()
            failure = _failure(_write_script(file, script))
            if failure is None:
                script.write(b"COMMIT;\n")  # without it psql ends within the transaction, which is rolled back
        if psql.wait():
            errors.seek(0)
            failure = _first_line(errors.read()) or f"psql ended with status {psql.returncode}"
    if failure is not None:
        raise ToolError(failure)


def _write_script(file: Path, script: IO[bytes]) -> subprocess.CompletedProcess[str]:
    """Write the dump to ``script`` as SQL."""
    return subprocess.run(  # noqa: S603 -- a program of PostgreSQL, with our arguments
        [_find("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)],
        stdout=script,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def _failure(process: subprocess.CompletedProcess[str]) -> str | None:
    if not process.returncode:
        return None
    return _first_line(process.stderr) or f"the program ended with status {process.returncode}"


def _first_line(output: str) -> str:
    return next((line for line in output.splitlines() if line.strip()), "")


def revision_in(file: Path) -> str | None:
    """Return the revision of the schema in a dump, or None if it has none. Raises :class:`ToolError`."""
    sql = _call("pg_restore", ("--data-only", "--table=alembic_version", "--file=-", str(file)), {})
    match = _REVISION.search(sql)
    return None if match is None else match.group(1)


def _run(program: str, url: URL, *arguments: str) -> None:
    address, secret = _address(url)
    _call(program, (f"--dbname={address}", "--no-password", *arguments), secret)


def _address(url: URL) -> tuple[str, dict[str, str]]:
    """Return the address for a program's arguments, and the environment with the password."""
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    return address, {"PGPASSWORD": str(url.password)} if url.password else {}


def _call(program: str, arguments: tuple[str, ...], secret: dict[str, str]) -> str:
    process = subprocess.run(  # noqa: S603 -- a program of PostgreSQL, with our arguments
        [_find(program), *arguments], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    failure = _failure(process)
    if failure is not None:
        raise ToolError(failure)
    return process.stdout


def _find(program: str) -> str:
    """Return the path of the newest installed version, because a version older than the server refuses to work."""
    installed = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda file: float(file.parts[-3]), reverse=True)
    program_path = str(installed[0]) if installed else shutil.which(program)
    if program_path is None:
        raise ToolError(f"{program} is not installed; Debian has it in the package postgresql-client")
    return program_path
