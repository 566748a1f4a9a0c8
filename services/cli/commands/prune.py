"""`stancewire prune`: apply the retention periods now."""

from __future__ import annotations

import json
import signal
import threading
from typing import Annotated

import typer

from services.audit.log import record
from services.caller import local
from services.cli.context import open_database
from services.maintenance.retention import Pruned, RetentionRunner
from services.maintenance.retention_steps import KINDS
from services.settings import Retention, Settings

Days = Annotated[float | None, typer.Option(min=0, help="Overrides the setting of this name.", show_default=False)]


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be removed; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    bodies_days: Days = None,
    superseded_days: Days = None,
    results_days: Days = None,
    articles_days: Days = None,
    keys_days: Days = None,
    deliveries_days: Days = None,
) -> None:
    """Remove data older than the settings `retention` allow.

    Safe while workers run. An interrupted run is continued by the next one.
    """
    settings = Settings()
    options = {
        "bodies_days": bodies_days,
        "superseded_days": superseded_days,
        "results_days": results_days,
        "articles_days": articles_days,
        "keys_days": keys_days,
        "deliveries_days": deliveries_days,
    }
    overrides = {name: days for name, days in options.items() if days is not None}
    retention = Retention.model_validate(settings.retention.model_dump() | overrides)
    database = open_database(settings)
    runner = RetentionRunner(database, retention)
    if dry_run:
        _print(runner.plan(), "would be removed", as_json=as_json)
        return
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with database.write() as connection:  # before the first of many transactions
        record(connection, local().actor, "retention.prune", "ledger", retention.model_dump(include=set(options)))
    _print(runner.run(stopping), "removed", as_json=as_json)
    if stopping.is_set():
        typer.echo("stancewire: interrupted; the next run continues from here", err=True)
        raise typer.Exit(1)


def _print(pruned: Pruned, outcome: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(pruned))
        return
    for kind in KINDS:
        typer.echo(f"{pruned[kind.name]:>10}  {kind.description} {outcome}")
