"""`stancewire erase`: delete articles with everything that was derived from them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from services.caller import local
from services.cli.context import open_context
from services.errors import NotFound
from services.maintenance import erasure
from services.use_cases import articles


def erase(
    article_ids: Annotated[list[UUID] | None, typer.Argument(metavar="ARTICLE…", show_default=False)] = None,
    feed: Annotated[str | None, typer.Option(help="With --guid: all versions of this article.")] = None,
    guid: Annotated[str | None, typer.Option(help="The feed's own ID of the article.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be erased; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase articles with their jobs and results. Results of running jobs are not stored; backups are not changed."""
    context = open_context()
    if (feed is None) != (guid is None) or bool(article_ids) == (guid is not None):
        raise typer.BadParameter("name articles by ID, or one by --feed and --guid")
    selected = article_ids or erasure.versions(context.database, feed or "", guid or "")
    if not selected:
        raise NotFound(f"feed {feed!r} has no article {guid!r}")
    if dry_run:
        for article_id in selected:
            typer.echo(f"{article_id}: would be erased")
        return
    if not yes:
        typer.confirm(f"Erase {len(selected)} article{'s' if len(selected) > 1 else ''} permanently?", abort=True)
    all_clean = True
    for article_id in selected:
        erased = articles.erase(context, article_id, local())
        all_clean &= erased.clean
        typer.echo(f"{article_id}: erased, with {erased.jobs} jobs and {erased.results} results")
    if not all_clean:
        typer.echo(
            "stancewire: copies may stay in the database's log for a while: see docs/operations.md, Erasing", err=True
        )
