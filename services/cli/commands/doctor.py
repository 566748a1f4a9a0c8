"""`stancewire doctor`: is all well, and if not, what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from services.maintenance.diagnostics.doctor import examine
from services.maintenance.diagnostics.findings import Level
from services.settings import Settings

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: well, findings.")] = False,
) -> None:
    """Look at database, schema, Redis, clock, disk, model, workers, sweepers and settings. Exits with 1 if anything fails."""
    console = Console(highlight=False, soft_wrap=True)
    findings = []
    for finding in examine(Settings()):
        findings.append(finding)
        if not as_json:
            console.print(
                Text.assemble((f"{finding.level:<4}", _STYLES[finding.level]), f" {finding.check}: {finding.said}")
            )
            if finding.fix:
                console.print(Text(f"      → {finding.fix}"))
    well = all(finding.level is not Level.FAIL for finding in findings)
    if as_json:
        typer.echo(json.dumps({"well": well, "findings": [asdict(finding) for finding in findings]}))
    raise typer.Exit(0 if well else 1)
