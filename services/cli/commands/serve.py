"""`stancewire up`, `api`, `sweeper`, `migrate`, `health`: run the service or a part of it."""

from __future__ import annotations

import signal
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services import logs
from services.settings import Settings


class Part(StrEnum):
    """The parts whose health can be asked for."""

    API = "api"
    WORKER = "worker"
    SWEEPER = "sweeper"


def up(
    port: Annotated[
        int | None, typer.Option(help="Port of the API; 0 for any that is free. [setting: api.port]")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Where database, logs and socket lie. [setting: state_dir]")
    ] = None,
) -> None:
    """Run everything on this machine: Redis, SQLite, API, workers and sweeper under one parent."""
    from services.standalone import redis_server, state
    from services.standalone.up import StartError, run

    settings = Settings()
    if port is not None:
        settings = settings.model_copy(update={"api": settings.api.model_copy(update={"port": port})})
    if state_dir is not None:
        settings = settings.model_copy(update={"state_dir": state_dir})
    logs.configure(settings.log, "up")
    try:
        run(settings, Console(soft_wrap=True, highlight=False))
    except (state.TakenError, redis_server.NoRedisServerError, StartError) as error:
        typer.echo(f"stancewire: {error}", err=True)
        raise typer.Exit(1) from error


def api() -> None:
    """Run an API process."""
    import uvicorn

    from services.application import create_app

    settings = Settings()
    logs.configure(settings.log, "api")
    uvicorn.run(
        create_app(settings),
        host=settings.api.host,
        port=settings.api.port,
        log_config=None,
        access_log=False,  # requests are counted by route; a line each would drown what matters
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def sweeper() -> None:
    """Run a sweeper: returns lost leases and lost messages to the queue, and keeps the window in Redis filled."""
    from services.database.engine import Database
    from services.dispatch.celery_app import Role, create_celery
    from services.dispatch.dispatcher import Dispatcher
    from services.dispatch.sweeper import Sweeper

    settings = Settings()
    logs.configure(settings.log, "sweeper")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    database = Database(settings.resolved_database_url(), settings.database)
    redis_url = settings.resolved_redis_url()
    dispatcher = Dispatcher(
        database, create_celery(settings.broker, redis_url, Role.SENDER), redis_url, settings.broker
    )
    Sweeper(database, dispatcher, settings).run(stopping)


def migrate() -> None:
    """Bring the database's schema up to date."""
    from services.database import migrations
    from services.database.engine import Database

    settings = Settings()
    logs.configure(settings.log, "migrate")
    database = Database(settings.resolved_database_url(), settings.database)
    file = database.sqlite_file()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    missing = migrations.pending(database)
    migrations.upgrade(database)
    typer.echo(f"migrated to revision {missing}" if missing else "the schema is up to date")


def health(part: Part) -> None:
    """Exit with 0 if a part works and with 1, saying why, if it does not; for container health checks."""
    from services.maintenance.diagnostics.part_health import check

    ailing = check(part.value, Settings())
    if ailing:
        typer.echo(f"{part.value}: {ailing}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{part.value}: ok")
