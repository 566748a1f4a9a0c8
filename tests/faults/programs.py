"""Shared by the programs that run for minutes: options, a deployment of their own, a table, and the exit status."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.faults.deployment import AS_IN_PRODUCTION, SHORT, Deployment
from tests.faults.postgres import FaultyPostgres
from tests.faults.report import current_commit
from tests.support.postgres import find_programs

# Leases as short as in the tests: a killed worker's articles have to come back many times within the run.
PACE = replace(AS_IN_PRODUCTION, lease_s=6, hard_limit_s=5, soft_limit_s=4, overdue_s=SHORT.overdue_s, timeout_s=180)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--postgresql", action="store_true", help="on a server of its own instead of SQLite")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome to a file, too")


@contextmanager
def deployed(settings: Mapping[str, str], parts: Sequence[str], *, postgresql: bool) -> Iterator[Deployment]:
    """Run a deployment in a folder of its own; its logs stay there if something goes wrong."""
    folder = Path(tempfile.mkdtemp(prefix="stancewire-faults-"))
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'ledger.db'}"
        if postgresql:
            programs = find_programs()
            if programs is None:
                raise SystemExit("PostgreSQL's programs (initdb, postgres) are not installed")
            server = FaultyPostgres(programs)
            server.start()
            stack.callback(server.stop)
            url = stack.enter_context(server.database(small=False))
        deployment = Deployment(folder, url, PACE, dict(settings), parts=parts)
        stack.callback(deployment.stop)
        deployment.start()
        yield deployment


def report(lines: Sequence[tuple[str, str]], outcome: Any, file: Path | None) -> int:
    """Print the lines as a table, write the outcome as JSON, and return the exit status: 1 if a promise was broken."""
    width = max(len(name) for name, _ in lines)
    for name, figures in lines:
        print(f"{name:<{width}}  {figures}")  # noqa: T201 -- the output of the command
    if file is not None:
        document = {"commit": current_commit(), **asdict(outcome)}
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if outcome.violations else 0
