"""Mends faults by the literal commands of the runbook, without containers: what psql and redis-cli would send."""

from __future__ import annotations

import shlex
from typing import Any

import psycopg
import redis

from tests.support.paths import ROOT

_RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
_PSQL = 'docker compose exec postgres psql -U stancewire -c "'
_REDIS = "docker compose exec redis redis-cli "


def _command(section: str, begin: str, words: str) -> str:
    """Return the only command of a section that begins and contains these, without its beginning."""
    text = _RUNBOOK.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = {line.strip() for line in text.splitlines() if line.strip().startswith(begin) and words in line}
    assert len(lines) == 1, f"{section} has {len(lines)} commands with {words!r}"
    return lines.pop().removeprefix(begin)


def ask_postgres(
    connection: psycopg.Connection, section: str, words: str, pid: int | None = None
) -> list[tuple[Any, ...]]:
    """Send the command of ``section`` with ``words`` to the connection's database, and return the rows of its answer.

    ``pid`` replaces the placeholder PID.
    """
    statement = _command(section, _PSQL, words).removesuffix('"')
    statement = statement.replace("DATABASE stancewire", f'DATABASE "{connection.info.dbname}"')
    statement = statement.replace("usename = 'stancewire'", f"usename = '{connection.info.user}'")
    cursor = connection.execute(statement.replace("(PID)", f"({pid})").encode())
    return cursor.fetchall() if cursor.description else []


def ask_redis(client: redis.Redis, section: str, words: str, user: str = "stancewire") -> None:
    """Send the command of ``section`` with ``words`` to Redis, for ``user`` instead of that of the runbook."""
    arguments = [user if word == "stancewire" else word for word in shlex.split(_command(section, _REDIS, words))]
    client.execute_command(*arguments)  # type: ignore[no-untyped-call]  # the client has no types here
