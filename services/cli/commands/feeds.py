"""`stancewire feeds` and `audit`: registered feeds and the audit log, directly in the database."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from services.audit import log
from services.caller import local
from services.cli.arguments import check_feed_name
from services.cli.context import open_context, open_database
from services.feeds import store
from services.feeds.store import Feed
from services.use_cases import feeds

app = typer.Typer(help="Registered feeds and their limits.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="FEED")]
Description = Annotated[str | None, typer.Option(help="A description for people.")]
AsJson = Annotated[bool, typer.Option("--json")]
_NO_LIMIT: Final = -1


@app.command()
def add(
    name: Name,
    description: Description = None,
    queued_limit: Annotated[int | None, typer.Option(min=0, help="The maximum of queued articles.")] = None,
    rate: Annotated[float | None, typer.Option(min=store.SLOWEST, help="The maximum of articles a second.")] = None,
) -> None:
    """Register a feed before its first push."""
    options = {"description": description, "queued_limit": queued_limit, "rate_per_s": rate}
    settings = {field: value for field, value in options.items() if value is not None}
    feed = feeds.add(open_context(), check_feed_name(name), settings, local())
    typer.echo(f"{feed.name}: added")


@app.command("list")
def list_feeds(as_json: AsJson = False) -> None:
    """List all feeds by name."""
    registered = store.list_feeds(open_database())
    if as_json:
        for feed in registered:
            typer.echo(json.dumps(_feed_json(feed)))
        return
    table = Table("feed", "description", "queued limit", "articles/s", "paused", "since", "by", box=None)
    for feed in registered:
        limits = ["" if limit is None else f"{limit:g}" for limit in (feed.queued_limit, feed.rate_per_s)]
        paused = f"{feed.paused_at:%Y-%m-%d %H:%M:%S}" if feed.paused_at else ""
        table.add_row(feed.name, feed.description[:60], *limits, paused, f"{feed.created_at:%Y-%m-%d}", feed.created_by)
    Console(highlight=False, markup=False).print(table)


@app.command()
def show(name: Name) -> None:
    """Show a feed as JSON."""
    typer.echo(json.dumps(_feed_json(store.show(open_database(), name)), indent=2, ensure_ascii=False))


@app.command("set")
def change(
    name: Name,
    description: Description = None,
    queued_limit: Annotated[
        int | None, typer.Option(min=_NO_LIMIT, help="The maximum of queued articles; -1 for the service's default.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=_NO_LIMIT, help="The maximum of articles a second; -1 for no limit.")
    ] = None,
) -> None:
    """Change the given settings of a feed; running services follow within `feeds.cache_s` seconds."""
    options: dict[str, Any] = {"description": description, "queued_limit": queued_limit, "rate_per_s": rate}
    settings = {field: None if value == _NO_LIMIT else value for field, value in options.items() if value is not None}
    if not settings:
        raise typer.BadParameter("say what to change: --description, --queued-limit or --rate")
    if rate is not None and rate != _NO_LIMIT and rate < store.SLOWEST:
        raise typer.BadParameter(f"--rate: at least {store.SLOWEST:g}, or -1")
    feeds.change(open_context(), name, settings, local())
    typer.echo(f"{name}: changed")


def audit_log(
    actor: Annotated[str | None, typer.Option(help="key:<id> or shell:<user>")] = None,
    action: Annotated[str | None, typer.Option(help="Such as key.revoke or job.retry.")] = None,
    subject: Annotated[str | None, typer.Option(help="The ID or name of the changed object.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the actions of administrators, the newest first."""
    entries = log.entries(open_database(), actor=actor, action=action, subject=subject, limit=limit)
    if as_json:
        for entry in entries:
            fields = {
                "at": entry.at.isoformat(),
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
            }
            typer.echo(json.dumps(fields | {"detail": entry.detail}, ensure_ascii=False))
        return
    table = Table("at", "actor", "action", "subject", "detail", box=None)
    for entry in entries:
        detail = json.dumps(entry.detail, ensure_ascii=False)
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.actor, entry.action, entry.subject, detail)
    Console(highlight=False, markup=False).print(table)


def _feed_json(feed: Feed) -> dict[str, Any]:
    return {
        "name": feed.name,
        "description": feed.description,
        "queued_limit": feed.queued_limit,
        "rate_per_s": feed.rate_per_s,
        "paused_at": feed.paused_at.isoformat() if feed.paused_at else None,
        "created_at": feed.created_at.isoformat(),
        "created_by": feed.created_by,
    }
