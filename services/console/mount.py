"""The console put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from services.console import (
    answers,
    article,
    erasing,
    feeds,
    jobs,
    keys,
    login,
    overview,
    record,
    runbook,
    statements,
    topics,
    trial,
)
from services.console.attempts import Attempts
from services.console.desk import Console
from services.console.pulse import Pulse
from services.console.rendering import STATIC, Renderer, Static
from services.console.sessions import Sessions, secret_of
from services.web.context import Context


def install(app: FastAPI, here: Context) -> None:
    """Add the pages at ``/`` and their files at ``/static``. After ``problems.install``: some errors become pages."""
    app.state.console = Console(
        renderer=Renderer(),
        sessions=Sessions(secret_of(here.settings), here.settings.console.session_s),
        attempts=Attempts(here.settings.console.login_attempts),
        pulse=Pulse(here.database, here.dispatcher, here.gate),
    )
    for router in (
        login.router,
        overview.router,
        runbook.router,
        erasing.router,
        jobs.router,
        article.router,
        statements.router,
        feeds.router,
        topics.router,
        trial.router,
        keys.router,
        record.router,
    ):
        app.include_router(router)
    app.mount("/static", Static(directory=STATIC), name="static")
    answers.install_not_found(app)
