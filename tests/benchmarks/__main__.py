"""`make benchmarks`: measure on SQLite and PostgreSQL, keep the figures, write the pages made from them.

Figures are appended to ``docs/benchmarks.jsonl``, those of the ledger alone to ``docs/ledger.jsonl``. ``--pages`` only
writes docs/benchmarks.md, docs/benchmarks.svg and docs/capacity.md again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import capacity, ledger, page
from tests.support.paths import ROOT
from tests.support.postgres import PostgresServer, find_programs

HISTORY: Final = ROOT / "docs" / "benchmarks.jsonl"
LEDGER: Final = ROOT / "docs" / "ledger.jsonl"
PICTURE: Final = ROOT / "docs" / "benchmarks.svg"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("articles", nargs="?", type=Path, help="the mix as NDJSON; by default the samples")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--databases", nargs="*", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--ledger", action="store_true", help="measure the ledger's commits on PostgreSQL, too")
    parser.add_argument("--pages", action="store_true", help="measure nothing, write the pages again")
    arguments = parser.parse_args()
    if not arguments.pages:
        for database in arguments.databases:
            measure(arguments, database)
        if arguments.ledger:
            with server() as postgresql, postgresql.new_database() as url:
                append(LEDGER, ledger.measure(url))
    write_pages()


def measure(arguments: argparse.Namespace, database: str) -> None:
    command = [sys.executable, "-m", "services.cli.main", "bench", f"--rounds={arguments.rounds}"]
    command += [f"--seconds={arguments.seconds}", f"--history={HISTORY}"]
    command += [str(arguments.articles)] if arguments.articles else []
    print(f"measuring on {database}", flush=True)
    if database == "sqlite":
        subprocess.run(command, check=True)
        return
    with server() as postgresql, postgresql.new_database() as url:
        subprocess.run([*command, f"--database-url={url}"], check=True)


@contextlib.contextmanager
def server() -> Iterator[PostgresServer]:
    programs = find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL's programs (initdb, postgres) are not installed")
    running = PostgresServer(programs, durable=True)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def append(file: Path, figures: dict[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(figures) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    """Return the measurements of a history, the oldest first; none if there is no file."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def write_pages() -> None:
    history = read(HISTORY)
    if not history:
        raise SystemExit(f"there are no figures in {HISTORY}")
    page.write(ROOT / "docs" / "benchmarks.md", page.figures(history))
    PICTURE.write_text(page.picture(history))
    page.write(ROOT / "docs" / "capacity.md", capacity.tables(history, read(LEDGER)))


if __name__ == "__main__":
    main()
