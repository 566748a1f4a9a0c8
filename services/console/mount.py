"""Mounting the console: its pages and static files become part of the application."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from services.access.rate_limiter import RateLimiter
from services.api.dependencies import ApiServices
from services.console import error_pages
from services.console.page_context import Console
from services.console.pages import (
    api_docs,
    article,
    audit,
    entities,
    erase,
    feed_sources,
    feeds,
    jobs,
    keys,
    login,
    overview,
    runbook,
    search,
    sessions,
    stories,
    topics,
    trial,
    watches,
    webhooks,
)
from services.console.rendering import STATIC_FOLDER, ConsoleStaticFiles
from services.console.service_status import StatusMonitor
from services.console.sessions import SessionSigner, load_secret

# Erase comes before jobs: `/jobs/{id}/erase` is tried before `/jobs/{id}/{action}`.
ROUTERS: Final = (
    login.router,
    overview.router,
    runbook.router,
    api_docs.router,
    erase.router,
    jobs.router,
    article.router,
    search.router,
    entities.router,
    stories.router,
    feeds.router,
    feed_sources.router,
    topics.router,
    watches.router,
    webhooks.router,
    trial.router,
    keys.router,
    sessions.router,
    audit.router,
)


def install(app: FastAPI, services: ApiServices) -> None:
    """Add what the pages of ``ROUTERS`` need, and their files at ``/static``.

    Call this after ``error_handlers.install``: it wraps the handler of HTTP errors, so that browsers get error pages.
    """
    app.state.console = Console(
        sessions=SessionSigner(load_secret(services.settings), services.settings.console.session_s),
        login_failures=RateLimiter(login.ATTEMPT_WINDOW_S),
        status_monitor=StatusMonitor(services.database, services.store_watch, services.admission),
    )
    app.mount("/static", ConsoleStaticFiles(directory=STATIC_FOLDER), name="static")
    error_pages.install_not_found(app)
