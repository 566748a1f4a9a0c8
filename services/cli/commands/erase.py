"""`stancewire erase`: one article, everywhere, for good."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from services.caller import local
from services.database.engine import Database
from services.errors import NotFound
from services.maintenance import erasure
from services.settings import Settings


def erase(
    article_ids: Annotated[list[UUID] | None, typer.Argument(metavar="ARTICLE…", show_default=False)] = None,
    feed: Annotated[str | None, typer.Option(help="With --guid: all versions of this article.")] = None,
    guid: Annotated[str | None, typer.Option(help="As the feed calls it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be erased; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase articles with their jobs and results. Running work of them is not stored; backups keep what they hold."""
    settings = Settings()
    database = Database(settings.resolved_database_url(), settings.database, pooled=False)
    if (feed is None) != (guid is None) or bool(article_ids) == (guid is not None):
        raise typer.BadParameter("name articles by ID, or one by --feed and --guid")
    wanted = article_ids or erasure.versions(database, feed or "", guid or "")
    if not wanted:
        raise NotFound(f"feed {feed!r} has no article {guid!r}")
    if dry_run:
        for article_id in wanted:
            typer.echo(f"{article_id}: would be erased")
        return
    if not yes:
        typer.confirm(f"Erase {len(wanted)} article{'s' if len(wanted) > 1 else ''} for good?", abort=True)
    dirty = False
    for article_id in wanted:
        done = erasure.erase(database, article_id, local())
        dirty |= not done.clean
        typer.echo(f"{article_id}: erased, with {done.jobs} jobs and {done.results} results")
    if dirty:
        typer.echo(
            "stancewire: copies may stay in the database's log for a while: see docs/operations.md, Erasing", err=True
        )
