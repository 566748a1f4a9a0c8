"""`stancewire index`: make results findable that were stored before the read side had its index, or by a worker that lacks it."""

from __future__ import annotations

from typing import Annotated

import typer

from services.database.engine import Database
from services.results import search_index as of_results
from services.settings import Settings


def index(
    page: Annotated[int, typer.Option(min=1, max=5000, help="Results in one transaction.")] = 200,
) -> None:
    """Make results findable that are not in the index yet. May be stopped and run again: it goes on where it was."""
    settings = Settings()
    database = Database(settings.resolved_database_url(), settings.database, pooled=False)
    after = looked = added = 0
    while True:
        after, seen, new = of_results.backfill(database, after, page)
        looked, added = looked + seen, added + new
        if seen < page:
            break
        typer.echo(f"{added} results indexed", err=True)
    outdated = (
        f"; {looked - added} left out, as a newer version speaks for them, or withdrawn" if looked > added else ""
    )
    typer.echo(f"{added} results indexed{outdated}")
