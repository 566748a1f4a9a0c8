"""The HTTP application: what is wired here, in the order in which a request meets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry, ProcessCollector

from services.access.key_cache import KeyCache
from services.access.rate_limiter import RateLimiter
from services.api import openapi, problems
from services.api.dependencies import ApiServices
from services.api.long_poll import LongPoll
from services.api.middleware.authentication import AuthenticationMiddleware
from services.api.middleware.backpressure import BackpressureMiddleware
from services.api.middleware.body_limits import BodyLimitsMiddleware
from services.api.middleware.request_log import RequestLogMiddleware, name_the_subject
from services.api.middleware.security_headers import SecurityHeadersMiddleware
from services.api.routes.articles import BATCH_PATH, PUSH_PATH
from services.api.routes.articles import router as push_routes
from services.api.routes.feeds import router as administration_routes
from services.api.routes.health import router as health_routes
from services.api.routes.job_actions import router as bulk_routes
from services.api.routes.jobs import router as read_routes
from services.api.routes.keys import router as access_routes
from services.api.routes.pauses import router as keeping_routes
from services.api.routes.search import router as search_routes
from services.api.routes.topics import router as topic_routes
from services.console import mount as console
from services.database.engine import Database
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher, DispatchThread
from services.feeds.store import FeedCache
from services.ingest.admission import AdmissionControl
from services.metrics import ApiMetrics, LedgerCollector, StoresCollector
from services.settings import Settings
from services.version import VERSION

_PUSHES = frozenset({PUSH_PATH, BATCH_PATH})


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one API process. The database must be migrated; Redis may be anywhere."""
    database = Database(settings.resolved_database_url(), settings.database)
    redis_url = settings.resolved_redis_url()
    dispatcher = Dispatcher(
        database, create_celery(settings.broker, redis_url, Role.SENDER), redis_url, settings.broker
    )
    registry = CollectorRegistry()
    context = ApiServices(
        settings=settings,
        database=database,
        keyring=KeyCache(database, settings.access),
        feeds=FeedCache(database, settings.access.cache_s, settings.limits.feeds),
        feed_rates=RateLimiter(settings.access.burst_s),
        dispatcher=dispatcher,
        dispatch=DispatchThread(dispatcher),
        gate=AdmissionControl(database, settings.limits, settings.state_dir.resolve()),
        waiter=LongPoll(database, settings.api),
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
    openapi.install(app, settings.limits)
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
    app.add_middleware(BodyLimitsMiddleware, limits=settings.limits, larger=frozenset({BATCH_PATH}))
    app.add_middleware(BackpressureMiddleware, gate=context.gate, pushes=_PUSHES)
    app.add_middleware(
        AuthenticationMiddleware,
        keyring=context.keyring,
        settings=settings.access,
        refused=context.metrics.unauthenticated,
    )
    app.add_middleware(RequestLogMiddleware, metrics=context.metrics, pushes=_PUSHES)
    app.add_middleware(SecurityHeadersMiddleware, hsts_s=settings.api.hsts_s)
    return app
