"""`stancewire index`: add results to the search index that an older version stored without it."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.context import open_database
from services.results import search_index


def index(
    page: Annotated[int, typer.Option(min=1, max=5000, help="Results in one transaction.")] = 200,
) -> None:
    """Add results to the search index that are missing in it. A stopped run is continued by the next one."""
    database = open_database()
    after = checked = added = 0
    while True:
        after, page_checked, page_added = search_index.backfill(database, after, page)
        checked, added = checked + page_checked, added + page_added
        if page_checked < page:
            break
        typer.echo(f"{added} results indexed", err=True)
    left_out = f"; {checked - added} left out: withdrawn, or replaced by a newer version" if checked > added else ""
    typer.echo(f"{added} results indexed{left_out}")
