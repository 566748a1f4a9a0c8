"""The console put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from services.api.dependencies import ApiServices
from services.console import error_pages
from services.console.login_attempts import LoginAttempts
from services.console.page_context import Console
from services.console.pages import (
    article,
    audit,
    erase,
    feeds,
    jobs,
    keys,
    login,
    overview,
    runbook,
    search,
    topics,
    trial,
)
from services.console.rendering import STATIC, Renderer, Static
from services.console.service_status import StatusMonitor
from services.console.sessions import Sessions, secret_of


def install(app: FastAPI, services: ApiServices) -> None:
    """Add the pages at ``/`` and their files at ``/static``. After ``problems.install``: some errors become pages."""
    app.state.console = Console(
        renderer=Renderer(),
        sessions=Sessions(secret_of(services.settings), services.settings.console.session_s),
        attempts=LoginAttempts(services.settings.console.login_attempts),
        pulse=StatusMonitor(services.database, services.dispatcher, services.gate),
    )
    for router in (
        login.router,
        overview.router,
        runbook.router,
        erase.router,
        jobs.router,
        article.router,
        search.router,
        feeds.router,
        topics.router,
        trial.router,
        keys.router,
        audit.router,
    ):
        app.include_router(router)
    app.mount("/static", Static(directory=STATIC), name="static")
    error_pages.install_not_found(app)
