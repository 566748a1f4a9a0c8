"""`stancewire pause` and `resume`, straight in the ledger."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from services.caller import local
from services.contracts import FeedName
from services.database.engine import Database
from services.database.tables import ALL_FEEDS
from services.feeds import pauses
from services.settings import Settings

Feed = Annotated[
    str | None, typer.Option("--feed", help="This feed alone: its pushes are refused, its queued jobs wait.")
]


def pause(
    feed: Feed = None,
    reason: Annotated[str, typer.Option(help="Why; those who push are told.")] = "by an operator",
    show: Annotated[bool, typer.Option("--show", help="Only print what is paused.")] = False,
) -> None:
    """Pause intake: pushes are refused with 503 while the backlog drains; or, with --feed, one feed."""
    database = _database()
    if not show:
        if not reason.strip():
            raise typer.BadParameter("is empty", param_hint="--reason")
        pauses.pause(database, _checked(feed), reason.strip()[:500], local())
    for one in pauses.paused(database):
        name = "all intake" if one.feed == ALL_FEEDS else f"feed {one.feed}"
        typer.echo(f"{name}: paused since {one.since:%Y-%m-%d %H:%M:%S} UTC: {one.reason}")


def resume(feed: Feed = None) -> None:
    """Take articles in again, after `stancewire pause` with the same --feed or without one."""
    pauses.resume(_database(), _checked(feed), local())
    typer.echo(f"feed {feed}: resumed" if feed else "intake: resumed")


def _checked(feed: str | None) -> str:
    if feed is None:
        return ALL_FEEDS
    try:
        return str(TypeAdapter(FeedName).validate_python(feed))
    except ValidationError as error:
        raise typer.BadParameter(
            "is no name of a feed: a-z, 0-9, dot, dash, underscore", param_hint="--feed"
        ) from error


def _database() -> Database:
    settings = Settings()
    return Database(settings.resolved_database_url(), settings.database, pooled=False)
