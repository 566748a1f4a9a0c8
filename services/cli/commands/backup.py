"""`stancewire backup` and `restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.audit.log import record
from services.caller import local
from services.cli.context import open_database
from services.database import migrations
from services.maintenance import backup as backups
from services.maintenance import restore as restores

File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]


def backup(file: File, replace: Annotated[bool, typer.Option("--replace", help="Overwrite FILE.")] = False) -> None:
    """Write the whole database to FILE while the service runs.

    FILE contains articles and results: protect it as well as the database.
    """
    database = open_database()
    size = backups.backup(database, file, replace=replace)
    if migrations.pending(database) is None:  # an older schema may have no audit log
        with database.write() as connection:
            record(connection, local().actor, "ledger.backup", file.name, {"bytes": size})
    typer.echo(f"{file}: {size} bytes")


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="Delete what the database contains now.")] = False,
) -> None:
    """Fill the database from FILE and migrate it to this version's schema. Refused while any part runs."""
    revision = restores.restore(open_database(), file, local(), replace=replace)
    newest = migrations.newest()
    typer.echo(f"restored from schema {revision}" + ("" if revision == newest else f", migrated to {newest}"))
    typer.echo("keys that were revoked after the backup work again: `stancewire keys list` shows all", err=True)
