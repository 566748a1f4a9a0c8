"""`stancewire pause` and `resume`, directly in the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from services.caller import local
from services.cli.arguments import check_feed_name
from services.cli.context import open_context
from services.database.tables import ALL_FEEDS
from services.feeds.pauses import list_pauses
from services.use_cases import pauses

Feed = Annotated[
    str | None, typer.Option("--feed", help="Only this feed: its pushes are refused, its queued jobs wait.")
]


def pause(
    feed: Feed = None,
    reason: Annotated[str, typer.Option(help="The reason; refused pushes get it in the answer.")] = "by an operator",
    show: Annotated[bool, typer.Option("--show", help="Only print what is paused.")] = False,
) -> None:
    """Pause intake: pushes are refused with 503 while the backlog drains; or, with --feed, pause one feed."""
    context = open_context()
    if not show:
        if not reason.strip():
            raise typer.BadParameter("is empty", param_hint="--reason")
        pauses.pause(context, _feed_or_all(feed), reason.strip()[:500], local())
    for active in list_pauses(context.database):
        name = "all intake" if active.feed == ALL_FEEDS else f"feed {active.feed}"
        typer.echo(f"{name}: paused since {active.since:%Y-%m-%d %H:%M:%S} UTC: {active.reason}")


def resume(feed: Feed = None) -> None:
    """Accept articles again, after `stancewire pause` with the same --feed or without one."""
    pauses.resume(open_context(), _feed_or_all(feed), local())
    typer.echo(f"feed {feed}: resumed" if feed else "intake: resumed")


def _feed_or_all(feed: str | None) -> str:
    return ALL_FEEDS if feed is None else check_feed_name(feed)
