"""`stancewire prune`: remove what is no longer to be kept, now."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import asdict
from typing import Annotated

import typer

from services.audit.log import record
from services.caller import local
from services.database.engine import Database
from services.maintenance.retention import Pruned, RetentionRunner
from services.settings import Retention, Settings

_NAMES = {
    "bodies": "bodies of articles",
    "superseded": "results replaced by a later analysis",
    "results": "results",
    "articles": "articles with their jobs",
    "keys": "idempotency keys",
    "erased": "IDs of what was erased",
}
Days = Annotated[float | None, typer.Option(min=0, help="Instead of the setting of this name.", show_default=False)]


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would go; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    bodies_days: Days = None,
    superseded_days: Days = None,
    results_days: Days = None,
    articles_days: Days = None,
    keys_days: Days = None,
) -> None:
    """Remove what is older than the settings `retention` say. Safe beside running workers; goes on where it was broken off."""
    settings = Settings()
    wished = {
        "bodies_days": bodies_days,
        "superseded_days": superseded_days,
        "results_days": results_days,
        "articles_days": articles_days,
        "keys_days": keys_days,
    }
    kept = Retention.model_validate(
        settings.retention.model_dump() | {name: days for name, days in wished.items() if days is not None}
    )
    database = Database(settings.resolved_database_url(), settings.database, pooled=False)
    pruner = RetentionRunner(database, kept)
    if dry_run:
        _show(pruner.plan(), "would go", as_json=as_json)
        return
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with database.write() as connection:  # before the first of its many transactions
        record(connection, local().actor, "retention.prune", "ledger", kept.model_dump(include=set(wished)))
    _show(pruner.run(stopping), "removed", as_json=as_json)
    if stopping.is_set():
        typer.echo("stancewire: broken off; the next run goes on from here", err=True)
        raise typer.Exit(1)


def _show(pruned: Pruned, what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(pruned)))
        return
    for kind, number in pruned.kinds():
        typer.echo(f"{number:>10}  {_NAMES[kind]} {what}")
