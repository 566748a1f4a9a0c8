"""The command `stancewire`. Subcommands that need the model come in through the entry points ``stancewire.commands``."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from services.commands import client, demo, jobs, serve

ENTRY_POINTS = "stancewire.commands"


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
    for entry_point in entry_points(group=ENTRY_POINTS):
        entry_point.load()(app)
    for part in (serve.api, serve.sweeper, serve.migrate, serve.health):
        app.command(rich_help_panel="One part of the service")(part)
    return app


def main() -> None:
    """Run the command line."""
    build()()


if __name__ == "__main__":
    main()
