"""`stancewire feeds` and `audit`: the feeds that are known, and what administrators did, straight in the database."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from services.audit import log
from services.caller import local
from services.contracts import FeedName
from services.database.engine import Database
from services.feeds import store
from services.feeds.store import Feed
from services.settings import Settings

app = typer.Typer(help="The feeds that are known, and their limits.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="FEED")]
Description = Annotated[str | None, typer.Option(help="What it is, for people.")]
AsJson = Annotated[bool, typer.Option("--json")]
_OWN = -1


def _database() -> Database:
    settings = Settings()
    return Database(settings.resolved_database_url(), settings.database, pooled=False)


@app.command()
def add(
    name: Name,
    description: Description = None,
    queued_limit: Annotated[int | None, typer.Option(min=0, help="Queued articles, at most.")] = None,
    rate: Annotated[float | None, typer.Option(min=store.SLOWEST, help="Articles a second, at most.")] = None,
) -> None:
    """Make a feed known before it pushes."""
    try:
        TypeAdapter(FeedName).validate_python(name)
    except ValidationError as error:
        raise typer.BadParameter(f"feed {name!r}: {error.errors()[0]['msg']}") from error
    given = {"description": description, "queued_limit": queued_limit, "rate_per_s": rate}
    feed = store.add(_database(), name, {field: value for field, value in given.items() if value is not None}, local())
    typer.echo(f"{feed.name}: added")


@app.command("list")
def list_feeds(as_json: AsJson = False) -> None:
    """All feeds by name."""
    found = store.list_feeds(_database())
    if as_json:
        for feed in found:
            typer.echo(json.dumps(_shown(feed)))
        return
    table = Table("feed", "description", "queued limit", "articles/s", "paused", "since", "by", box=None)
    for feed in found:
        limits = ["" if limit is None else f"{limit:g}" for limit in (feed.queued_limit, feed.rate_per_s)]
        paused = f"{feed.paused_at:%Y-%m-%d %H:%M:%S}" if feed.paused_at else ""
        table.add_row(feed.name, feed.description[:60], *limits, paused, f"{feed.created_at:%Y-%m-%d}", feed.created_by)
    Console(highlight=False, markup=False).print(table)


@app.command()
def show(name: Name) -> None:
    """One feed, as JSON."""
    typer.echo(json.dumps(_shown(store.show(_database(), name)), indent=2, ensure_ascii=False))


@app.command("set")
def change(
    name: Name,
    description: Description = None,
    queued_limit: Annotated[
        int | None, typer.Option(min=_OWN, help="Queued articles, at most; -1: the service's own.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=_OWN, help="Articles a second, at most; -1: no limit of its own.")
    ] = None,
) -> None:
    """Change what is named; running services follow within `access.cache_s` seconds."""
    given: dict[str, Any] = {"description": description, "queued_limit": queued_limit, "rate_per_s": rate}
    settings = {field: None if value == _OWN else value for field, value in given.items() if value is not None}
    if not settings:
        raise typer.BadParameter("say what to change: --description, --queued-limit or --rate")
    if rate is not None and rate != _OWN and rate < store.SLOWEST:
        raise typer.BadParameter(f"--rate: at least {store.SLOWEST:g}, or -1")
    store.change(_database(), name, settings, local())
    typer.echo(f"{name}: changed")


def audit_log(
    actor: Annotated[str | None, typer.Option(help="key:<id> or shell:<user>")] = None,
    action: Annotated[str | None, typer.Option(help="Such as key.revoke or job.retry.")] = None,
    subject: Annotated[str | None, typer.Option(help="What it was done to: an ID or a name.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """What administrators did, newest first."""
    found = log.entries(_database(), actor=actor, action=action, subject=subject, limit=limit)
    if as_json:
        for entry in found:
            shown = {"at": entry.at.isoformat(), "actor": entry.actor, "action": entry.action, "subject": entry.subject}
            typer.echo(json.dumps(shown | {"detail": entry.detail}, ensure_ascii=False))
        return
    table = Table("at", "actor", "action", "subject", "detail", box=None)
    for entry in found:
        detail = json.dumps(entry.detail, ensure_ascii=False)
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.actor, entry.action, entry.subject, detail)
    Console(highlight=False, markup=False).print(table)


def _shown(feed: Feed) -> dict[str, Any]:
    return {
        "name": feed.name,
        "description": feed.description,
        "queued_limit": feed.queued_limit,
        "rate_per_s": feed.rate_per_s,
        "paused_at": feed.paused_at.isoformat() if feed.paused_at else None,
        "created_at": feed.created_at.isoformat(),
        "created_by": feed.created_by,
    }
