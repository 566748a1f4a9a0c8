"""`stancewire keys`: create, list and revoke API keys, directly in the database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from services.access import keys
from services.access.keys import Key
from services.caller import Scope, local
from services.cli.arguments import check_feed_name
from services.cli.context import open_context, open_database
from services.errors import InvalidInput
from services.use_cases import keys as use_cases

app = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)

_DAY_S: Final = 86_400


@app.command()
def create(
    name: Annotated[str, typer.Option(help="The user of the key, for people and the audit log.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="All scopes, all feeds.")] = False,
    feed: Annotated[list[str] | None, typer.Option(help="A feed that it pushes to and sees; may be repeated.")] = None,
    all_feeds: Annotated[bool, typer.Option("--all-feeds", help="Every feed, including future ones.")] = False,
    scope: Annotated[list[Scope] | None, typer.Option(help="May be repeated; ingest and read by default.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="Expires after this number of days.")] = None,
) -> None:
    """Create a key. It is printed only now, and nothing else is printed on standard output."""
    if admin + all_feeds + bool(feed) != 1:
        raise typer.BadParameter("say one of --admin, --feed NAME and --all-feeds")
    if admin and scope:
        raise typer.BadParameter("--admin has every scope; leave --scope out")
    scopes = [Scope.ADMIN] if admin else scope or [Scope.INGEST, Scope.READ]
    feeds = [check_feed_name(feed_name) for feed_name in feed] if feed else None
    label = name.strip() or ("admin" if admin else "feed " + ", ".join(feeds or ["*"]))[:100]
    expires_s = days * _DAY_S if days else None
    try:
        key, token = use_cases.create(
            open_context(), name=label, scopes=scopes, feeds=feeds, caller=local(), expires_s=expires_s
        )
    except InvalidInput as error:
        raise typer.BadParameter(error.detail) from error
    typer.echo(f"key {key.id} ({label}): {_permissions(key)}; shown this once:", err=True)
    typer.echo(token)


@app.command("list")
def list_keys(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List all keys, the newest first, without their secrets."""
    stored_keys = keys.list_keys(open_database())
    if as_json:
        for key in stored_keys:
            fields = {
                "id": key.id,
                "name": key.name,
                "scopes": sorted(key.scopes),
                "feeds": "*" if key.feeds is None else sorted(key.feeds),
                "state": _state(key),
                "created_at": key.created_at.isoformat(),
                "created_by": key.created_by,
                "expires_at": key.expires_at.isoformat() if key.expires_at else None,
            }
            typer.echo(json.dumps(fields))
        return
    table = Table("key", "name", "may", "state", "created", "by", box=None)
    for key in stored_keys:
        created = f"{key.created_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(key.id, key.name, _permissions(key), _state(key), created, key.created_by)
    Console(highlight=False, markup=False).print(table)


@app.command()
def revoke(
    key_ids: Annotated[list[str], typer.Argument(metavar="KEY…", help="IDs, as `keys list` shows them.")],
) -> None:
    """Revoke keys: running services refuse them within `access.cache_s` seconds."""
    context = open_context()
    for key_id in key_ids:
        use_cases.revoke(context, key_id, local(), keep_an_admin=False)
        typer.echo(f"{key_id}: revoked")


def _permissions(key: Key) -> str:
    return f"{', '.join(sorted(key.scopes))} on {'every feed' if key.feeds is None else ', '.join(sorted(key.feeds))}"


def _state(key: Key) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else "works"
