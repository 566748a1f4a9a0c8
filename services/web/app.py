"""The HTTP application: what is wired here, in the order in which a request meets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry, ProcessCollector

from services.access.administration import router as administration_routes
from services.access.authentication import Authenticated
from services.access.feeds import FeedBook
from services.access.keyring import Keyring
from services.access.rates import Rates
from services.access.routes import router as access_routes
from services.broker.app import Role, create_celery
from services.broker.dispatch import Dispatcher, DispatchThread
from services.console import mount as console
from services.ingest.door import Door
from services.ingest.gate import Gate
from services.ingest.routes import BATCH_PATH, PUSH_PATH
from services.ingest.routes import router as push_routes
from services.keeping.routes import router as keeping_routes
from services.keeping.routes_jobs import router as bulk_routes
from services.metrics import ApiMetrics, LedgerCollector, StoresCollector
from services.results.database import Database
from services.results.routes import router as read_routes
from services.results.routes_search import router as search_routes
from services.settings import Settings
from services.topics.routes import router as topic_routes
from services.version import VERSION
from services.web import document, problems
from services.web.body import BodyLimits
from services.web.context import Context
from services.web.headers import SecurityHeaders
from services.web.health import router as health_routes
from services.web.observed import Observed, name_the_subject
from services.web.waiting import Waiter

_PUSHES = frozenset({PUSH_PATH, BATCH_PATH})


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one API process. The database must be migrated; Redis may be anywhere."""
    database = Database(settings.resolved_database_url(), settings.database)
    redis_url = settings.resolved_redis_url()
    dispatcher = Dispatcher(database, create_celery(settings.broker, redis_url, Role.SENDER), redis_url, settings.broker)
    registry = CollectorRegistry()
    context = Context(
        settings=settings,
        database=database,
        keyring=Keyring(database, settings.access),
        feeds=FeedBook(database, settings.access.cache_s, settings.limits.feeds),
        feed_rates=Rates(settings.access.burst_s),
        dispatcher=dispatcher,
        dispatch=DispatchThread(dispatcher),
        gate=Gate(database, settings.limits, settings.state_dir.resolve()),
        waiter=Waiter(database, settings.api),
        metrics=ApiMetrics(registry),
    )
    database.observer = context.metrics.transaction
    stores = StoresCollector(database, redis_url, settings.broker)
    for collector in (LedgerCollector(database, settings.metrics.feeds), stores):
        registry.register(collector)
    ProcessCollector(registry=registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # A thread without a connection would only wait for one.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.database.pool_size
        context.dispatch.start()
        context.dispatch.nudge()  # what was accepted just before a crash
        yield
        context.dispatch.stop()
        stores.close()
        database.dispose()

    app = FastAPI(
        title="Stancewire",
        version=VERSION,
        summary="News articles pushed in; who said what, and where they stand, out.",
        lifespan=lifespan,
        dependencies=[Depends(name_the_subject)],
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
    app.include_router(search_routes)
    app.include_router(access_routes)
    app.include_router(administration_routes)
    app.include_router(keeping_routes)
    app.include_router(bulk_routes)
    app.include_router(topic_routes)
    app.include_router(health_routes)
    console.install(app, context)
    app.add_middleware(BodyLimits, limits=settings.limits, larger=frozenset({BATCH_PATH}))
    app.add_middleware(Door, gate=context.gate, pushes=_PUSHES)
    app.add_middleware(Authenticated, keyring=context.keyring, settings=settings.access, refused=context.metrics.unauthenticated)
    app.add_middleware(Observed, metrics=context.metrics, pushes=_PUSHES)
    app.add_middleware(SecurityHeaders, hsts_s=settings.api.hsts_s)
    return app
