"""`stancewire backup` and `restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.audit.log import record
from services.caller import local
from services.database import migrations
from services.database.engine import Database
from services.maintenance import backup as backups
from services.settings import Settings

File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]


def backup(file: File, replace: Annotated[bool, typer.Option("--replace", help="Write over FILE.")] = False) -> None:
    """Write all of the database to FILE while the service goes on. FILE holds articles and results: keep it as safe as those."""
    database = _database()
    size = backups.backup(database, file, replace=replace)
    if migrations.pending(database) is None:  # before an upgrade there may be no audit log yet
        with database.write() as connection:
            record(connection, local().actor, "ledger.backup", file.name, {"bytes": size})
    typer.echo(f"{file}: {size} bytes")


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="Throw away what the database holds now.")] = False,
) -> None:
    """Fill the database from FILE and bring it to this version's schema. Stop API, workers and sweepers first."""
    revision = backups.restore(_database(), file, local(), replace=replace)
    newest = migrations.newest()
    typer.echo(f"restored from schema {revision}" + ("" if revision == newest else f", migrated to {newest}"))


def _database() -> Database:
    settings = Settings()
    return Database(settings.resolved_database_url(), settings.database, pooled=False)
