"""Checks of arguments, and errors that end a command."""

from __future__ import annotations

from typing import NoReturn

import typer
from pydantic import TypeAdapter, ValidationError

from services.contracts import FeedName


def check_feed_name(name: str) -> str:
    """Return ``name`` if it can be the name of a feed. Raises `typer.BadParameter`."""
    try:
        return TypeAdapter(FeedName).validate_python(name)
    except ValidationError as error:
        rule = "a name has 1 to 63 characters a-z, 0-9, '.', '-' and '_', and begins with a letter or digit"
        raise typer.BadParameter(f"feed {name!r} is not valid: {rule}") from error


def fail(reason: str) -> NoReturn:
    """Print an error and exit with status 1."""
    typer.echo(f"stancewire: {reason}", err=True)
    raise typer.Exit(1)
