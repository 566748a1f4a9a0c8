"""The HTTP application: what is wired here, in the order in which a request meets it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio.to_thread
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.broker.app import Role, create_celery
from services.broker.dispatch import Dispatcher, DispatchThread
from services.ingest.gate import Gate
from services.ingest.routes import BATCH_PATH
from services.ingest.routes import router as push_routes
from services.metrics import ApiMetrics, LedgerCollector
from services.results.database import Database
from services.results.routes import router as read_routes
from services.settings import Settings
from services.version import VERSION
from services.web import document, problems
from services.web.body import BodyLimits
from services.web.context import Context
from services.web.health import router as health_routes
from services.web.waiting import Waiter


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one API process. The database must be migrated; Redis may be anywhere."""
    database = Database(settings.resolved_database_url(), settings.database)
    redis_url = settings.resolved_redis_url()
    dispatcher = Dispatcher(database, create_celery(settings.broker, redis_url, Role.SENDER), redis_url, settings.broker)
    registry = CollectorRegistry()
    context = Context(
        settings=settings,
        database=database,
        dispatcher=dispatcher,
        dispatch=DispatchThread(dispatcher),
        gate=Gate(database, settings.limits),
        waiter=Waiter(database, settings.api),
        metrics=ApiMetrics(registry),
    )
    registry.register(LedgerCollector(database))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # A thread without a connection would only wait for one.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.database.pool_size
        context.dispatch.start()
        context.dispatch.nudge()  # what was accepted just before a crash
        yield
        context.dispatch.stop()
        database.dispose()

    app = FastAPI(
        title="Stancewire",
        version=VERSION,
        summary="News articles pushed in; who said what, and where they stand, out.",
        lifespan=lifespan,
        docs_url=None,  # its pages load scripts from elsewhere; the document is at /openapi.json
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # what generated clients call it
    )
    app.state.context = context
    app.state.registry = registry
    problems.install(app)
    document.install(app, settings.limits)
    app.include_router(push_routes)
    app.include_router(read_routes)
    app.include_router(health_routes)
    app.add_middleware(BodyLimits, limits=settings.limits, larger=frozenset({BATCH_PATH}))
    app.add_middleware(Measured, metrics=context.metrics)
    return app


_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Measured:
    """ASGI middleware: counts and times requests by route, never by path, so that labels stay few."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        """Wrap ``app``."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and observe its answer."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            route = getattr(scope.get("route"), "path_format", "none")
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.seconds.labels(scope["method"], route).observe(time.perf_counter() - began)
