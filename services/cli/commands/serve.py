"""`stancewire up`, `api`, `sweeper`, `deliverer`, `migrate` and `health`: run the service or one part of it."""

from __future__ import annotations

import signal
import threading
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from services import logs, tracing
from services.cli import process_limits
from services.cli.arguments import fail
from services.settings import Settings

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI


class Part(StrEnum):
    """The parts of the service that have a health check."""

    API = "api"
    WORKER = "worker"
    SWEEPER = "sweeper"
    DELIVERER = "deliverer"


def up(
    port: Annotated[int | None, typer.Option(help="Port of the API; 0 for any free port. [setting: api.port]")] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Folder for database, logs and socket. [setting: state_dir]")
    ] = None,
) -> None:
    """Run everything on this machine: Redis, SQLite, API, workers, sweeper and deliverer under one parent process."""
    from services.standalone import redis_server, state
    from services.standalone.up import StartError, run

    process_limits.require_open_files()
    settings = Settings()
    if port is not None:
        settings = settings.model_copy(update={"api": settings.api.model_copy(update={"port": port})})
    if state_dir is not None:
        settings = settings.model_copy(update={"state_dir": state_dir})
    logs.configure(settings.log, "up")
    try:
        run(settings, Console(soft_wrap=True, highlight=False))
    except (state.InUseError, redis_server.NoRedisServerError, StartError) as error:
        fail(str(error))


def api() -> None:
    """Run an API process."""
    from services.api.server import Server
    from services.application import create_app

    process_limits.require_open_files()
    settings = Settings()
    logs.configure(settings.log, "api")
    tracing.require(settings.tracing)
    app = create_app(settings)
    Server(server_config(app, settings), app.state.services.result_watch).run()


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves the application."""
    import uvicorn

    return uvicorn.Config(
        app,
        host=settings.api.host,
        port=settings.api.port,
        log_config=None,
        access_log=False,  # metrics count requests by route; a line for each would hide important ones
        server_header=False,
        ws="none",  # there is no route for WebSockets; their library takes 3 MB
        proxy_headers=False,  # uvicorn would trust any process on loopback; `api.trusted_proxies` names the proxies
        limit_concurrency=process_limits.connections_within(settings.api.connections),
        timeout_keep_alive=settings.api.keep_alive_s,
        timeout_graceful_shutdown=10,
    )


def sweeper() -> None:
    """Run a sweeper: queues jobs of lost workers and messages again, keeps Redis supplied, applies retention."""
    from services.database.engine import Database
    from services.dispatch.celery_app import Role, create_celery
    from services.dispatch.dispatcher import Dispatcher
    from services.dispatch.sweeper import Sweeper

    process_limits.require_open_files()
    settings = Settings()
    logs.configure(settings.log, "sweeper")
    stopping = _stop_on_signals()
    database = Database.of(settings)
    database.check_secret_keys()
    redis_url = settings.resolved_redis_url()
    celery = create_celery(settings.broker, redis_url, Role.SENDER)
    Sweeper(database, Dispatcher(database, celery, redis_url, settings.broker), settings).run(stopping)


def deliverer() -> None:
    """Run a deliverer: sends the messages of webhooks and of watches."""
    from services.database.engine import Database
    from services.webhooks.deliverer import Deliverer

    process_limits.require_open_files()
    settings = Settings()
    logs.configure(settings.log, "deliverer")
    stopping = _stop_on_signals()
    database = Database.of(settings)
    database.check_secret_keys()
    Deliverer(database, settings).run(stopping)


def _stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def migrate() -> None:
    """Bring the database's schema up to date."""
    from services.database import migrations
    from services.database.engine import Database

    settings = Settings()
    logs.configure(settings.log, "migrate")
    database = Database.of(settings)
    file = database.sqlite_file()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    revision = migrations.pending(database)
    migrations.upgrade(database)
    typer.echo(f"migrated to revision {revision}" if revision else "the schema is up to date")


def health(part: Part) -> None:
    """Exit with 0 if a part works, else print the reason and exit with 1; for health checks of containers."""
    from services.maintenance.diagnostics.part_health import check

    problem = check(part.value, Settings())
    if problem:
        typer.echo(f"{part.value}: {problem}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{part.value}: ok")
