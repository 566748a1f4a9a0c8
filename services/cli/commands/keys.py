"""`stancewire keys`: make, list and end API keys, straight in the database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from services.access import keys
from services.access.keys import Key
from services.caller import Scope, local
from services.contracts import FeedName
from services.database.engine import Database
from services.settings import Settings

app = typer.Typer(help="Make, list and end API keys.", no_args_is_help=True)

_DAY_S = 86_400


def _database() -> Database:
    settings = Settings()
    return Database(settings.resolved_database_url(), settings.database, pooled=False)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it: for people, and for the audit log.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="All scopes, all feeds.")] = False,
    feed: Annotated[list[str] | None, typer.Option(help="A feed that it pushes to and sees; may be repeated.")] = None,
    all_feeds: Annotated[bool, typer.Option("--all-feeds", help="Every feed, those to come too.")] = False,
    scope: Annotated[list[Scope] | None, typer.Option(help="May be repeated; ingest and read by default.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="Ends after so many days.")] = None,
) -> None:
    """Make a key. It is printed this once, alone on standard output."""
    if admin + all_feeds + bool(feed) != 1:
        raise typer.BadParameter("say one of --admin, --feed NAME and --all-feeds")
    if admin and scope:
        raise typer.BadParameter("--admin has every scope; leave --scope out")
    scopes = [Scope.ADMIN] if admin else scope or [Scope.INGEST, Scope.READ]
    feeds = [_feed_name(one) for one in feed] if feed else None
    called = name.strip() or ("admin" if admin else "feed " + ", ".join(feeds or ["*"]))[:100]
    try:
        key, token = keys.create(
            _database(), name=called, scopes=scopes, feeds=feeds, by=local(), expires_s=days * _DAY_S if days else None
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"key {key.id} ({called}): {_may(key)}; shown this once:", err=True)
    typer.echo(token)


@app.command("list")
def list_keys(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """All keys, newest first; never their secrets."""
    found = keys.list_keys(_database())
    if as_json:
        for key in found:
            shown = {
                "id": key.id,
                "name": key.name,
                "scopes": sorted(key.scopes),
                "feeds": "*" if key.feeds is None else sorted(key.feeds),
                "state": _state(key),
                "created_at": key.created_at.isoformat(),
                "created_by": key.created_by,
                "expires_at": key.expires_at.isoformat() if key.expires_at else None,
            }
            typer.echo(json.dumps(shown))
        return
    table = Table("key", "name", "may", "state", "created", "by", box=None)
    for key in found:
        table.add_row(key.id, key.name, _may(key), _state(key), f"{key.created_at:%Y-%m-%d %H:%M:%S}", key.created_by)
    Console(highlight=False, markup=False).print(table)


@app.command()
def revoke(
    key_ids: Annotated[list[str], typer.Argument(metavar="KEY…", help="IDs, as `keys list` shows them.")],
) -> None:
    """End keys: running services refuse them within `access.cache_s` seconds."""
    database = _database()
    for key_id in key_ids:
        keys.revoke(database, key_id, local(), keep_an_admin=False)
        typer.echo(f"{key_id}: revoked")


def _feed_name(given: str) -> str:
    try:
        return TypeAdapter(FeedName).validate_python(given)
    except ValidationError as error:
        raise typer.BadParameter(f"feed {given!r}: {error.errors()[0]['msg']}") from error


def _may(key: Key) -> str:
    return f"{', '.join(sorted(key.scopes))} on {'every feed' if key.feeds is None else ', '.join(sorted(key.feeds))}"


def _state(key: Key) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else "works"
