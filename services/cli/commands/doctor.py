"""`stancewire doctor`: check the whole service, and say how to fix what is wrong."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from services.maintenance.diagnostics.doctor import examine
from services.maintenance.diagnostics.findings import Level
from services.settings import Settings

_STYLES: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: well, findings.")] = False,
) -> None:
    """Check database, schema, Redis, clock, disk, model, workers, sweepers, deliverers and settings.

    Exits with 1 if a check fails.
    """
    console = Console(highlight=False, soft_wrap=True)
    findings = []
    for finding in examine(Settings()):
        findings.append(finding)
        if not as_json:
            line = f" {finding.check}: {finding.said}"
            console.print(Text.assemble((f"{finding.level:<4}", _STYLES[finding.level]), line))
            if finding.fix:
                console.print(Text(f"      → {finding.fix}"))
    passed = all(finding.level is not Level.FAIL for finding in findings)
    if as_json:
        typer.echo(json.dumps({"well": passed, "findings": [asdict(finding) for finding in findings]}))
    raise typer.Exit(0 if passed else 1)
