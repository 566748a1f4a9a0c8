"""`stancewire index`: add missing results to the search index, or make all of its rows again."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.context import open_database
from services.database.engine import Database
from services.results import search_index

_AFTER_HELP = "With --rebuild: continue after this result; an interrupted run prints the number."


def index(
    page: Annotated[int, typer.Option(min=1, max=5000, help="Results in one transaction.")] = 200,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Also make the rows of results again that are in the index already.")
    ] = False,
    after: Annotated[int, typer.Option(min=0, help=_AFTER_HELP)] = 0,
) -> None:
    """Add results to the search index that are missing in it. An interrupted run is continued by the next one.

    Safe while the service runs: searches find the old rows of a result or the new ones.
    """
    if after and not rebuild:
        raise typer.BadParameter("needs --rebuild", param_hint="--after")
    database = open_database()
    if rebuild:
        _rebuild(database, after, page)
    _backfill(database, page)


def _rebuild(database: Database, after: int, page: int) -> None:
    rebuilt, page_rebuilt = 0, page
    while page_rebuilt == page:
        after, page_rebuilt = search_index.rebuild(database, after, page)
        rebuilt += page_rebuilt
        if page_rebuilt == page:
            typer.echo(f"{rebuilt} results rebuilt; to continue from here: --rebuild --after {after}", err=True)
    typer.echo(f"{rebuilt} results rebuilt")


def _backfill(database: Database, page: int) -> None:
    after = checked = added = 0
    while True:
        after, page_checked, page_added = search_index.backfill(database, after, page)
        checked, added = checked + page_checked, added + page_added
        if page_checked < page:
            break
        typer.echo(f"{added} results indexed", err=True)
    left_out = f"; {checked - added} left out: withdrawn, or replaced by a newer version" if checked > added else ""
    typer.echo(f"{added} results indexed{left_out}")
