"""`stancewire secrets`: the keys that encrypt the secrets of sources and webhooks in the database."""

from __future__ import annotations

import typer

from services.cli.arguments import fail
from services.cli.context import open_database

app = typer.Typer(help="Keys that encrypt the secrets of sources and webhooks.", no_args_is_help=True)


@app.command("new-key")
def new_key() -> None:
    """Print a new key, for the settings secrets.keys or secrets.key_file."""
    from services.database import sealing

    typer.echo(sealing.new_key())


@app.command("encrypt")
def encrypt() -> None:
    """Encrypt every stored secret with the first key: those stored before there was one, or with a former key.

    Safe while the service runs, if all of its processes have the key. A former key can be removed afterwards.
    """
    from services.maintenance import stored_secrets

    database = open_database()
    if not database.sealer.has_key:
        fail("there is no key; set STANCEWIRE_SECRETS__KEY_FILE (`stancewire secrets new-key` prints one)")
    counts = stored_secrets.encrypt(database)
    typer.echo(f"{counts.outdated} secrets encrypted, {counts.current} were encrypted with this key already")
    if counts.unreadable:
        fail(f"{counts.unreadable} secrets are encrypted with a key that is not in the settings")
