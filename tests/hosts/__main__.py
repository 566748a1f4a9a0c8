"""`make hosts`: three hosts in network namespaces: load shared, a host cut off, killed, upgraded; prints one table.

Appends the figures to ``docs/hosts.jsonl`` and writes them into docs/machines.md. Exits with 1 if a promise was broken,
and with 0 and the reason if this machine cannot have such hosts.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.hosts import network, report, scenarios, versions
from tests.hosts.cluster import Cluster
from tests.support.paths import ROOT
from tests.support.postgres import find_programs

HISTORY: Final = ROOT / "docs" / "hosts.jsonl"
PAGE: Final = ROOT / "docs" / "machines.md"
UPGRADE: Final = "upgrade"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=list(scenarios.SCENARIOS), help="by default all of them")
    parser.add_argument("--articles", type=int, default=scenarios.LONG.articles, help="pushed to each of two hosts")
    parser.add_argument("--delay-ms", type=float, default=2, help="added to what each host sends, where tc can")
    parser.add_argument("--write", action="store_true", help="append to the history and write the page")
    arguments = parser.parse_args()
    lacking, programs = network.missing(), find_programs()
    if programs is None:
        lacking = "PostgreSQL's programs (initdb, postgres) are not installed"
    if lacking or programs is None:
        print(f"skipped: {lacking}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is removed then, too
    plan = replace(scenarios.LONG, articles=arguments.articles)
    folder = Path(tempfile.mkdtemp(prefix="stancewire-hosts-"))
    print(f"logs: {folder}", flush=True)
    chosen = arguments.scenario or list(scenarios.SCENARIOS)
    old_code, commit = versions.previous(folder / "code") if UPGRADE in chosen else (ROOT, "")
    runs = {"this": (ROOT, [name for name in chosen if name != UPGRADE])}
    runs["previous"] = (old_code, [name for name in chosen if name == UPGRADE])
    outcomes: list[scenarios.Outcome] = []
    for version, (code, names) in runs.items():
        if names:
            cluster = Cluster(folder / version, programs, plan.pace.settings(), delay_ms=arguments.delay_ms, code=code)
            with cluster:
                outcomes += run(cluster, names, plan)
            delay = cluster.network
    measured = report.measurement(outcomes, delay, plan, commit)
    print(report.page(measured))
    if arguments.write:
        with HISTORY.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(measured) + "\n")
        report.write(PAGE, report.page(measured))
    violations = [f"{outcome.scenario}: {violation}" for outcome in outcomes for violation in outcome.violations]
    for violation in violations:
        print(violation, file=sys.stderr)
    return 1 if violations else 0


def run(cluster: Cluster, names: Sequence[str], plan: scenarios.Plan) -> Iterator[scenarios.Outcome]:
    cluster.start()
    for name in names:
        print(f"{name} …", flush=True)
        yield scenarios.run(cluster, name, plan)


if __name__ == "__main__":
    sys.exit(main())
