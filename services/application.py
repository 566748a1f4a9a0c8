"""The HTTP application: its parts, its middleware in the order in which a request meets it, and its routes."""

from __future__ import annotations

import platform
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry, ProcessCollector
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services import tracing
from services.access.key_cache import KeyCache
from services.access.rate_limiter import RateLimiter
from services.api import error_handlers, openapi, webhook_messages
from services.api.dependencies import ApiServices
from services.api.long_poll import LongPoll
from services.api.middleware.allowed_hosts import AllowedHostsMiddleware
from services.api.middleware.authentication import AuthenticationMiddleware
from services.api.middleware.backpressure import BackpressureMiddleware
from services.api.middleware.body_limits import BodyLimitsMiddleware
from services.api.middleware.compression import CompressionMiddleware
from services.api.middleware.cross_origin import CrossOriginMiddleware
from services.api.middleware.defects import DefectMiddleware
from services.api.middleware.head_requests import HeadMiddleware
from services.api.middleware.request_log import RequestLogMiddleware, bind_path_parameters
from services.api.middleware.security_headers import SecurityHeadersMiddleware
from services.api.middleware.tracing import TracingMiddleware
from services.api.open_streams import ResultStreams
from services.api.result_watch import ResultWatch
from services.api.routes import (
    articles,
    attributions,
    audit,
    entities,
    feeds,
    health,
    job_actions,
    jobs,
    keys,
    pauses,
    pushes,
    results,
    search_feeds,
    sources,
    stances,
    stored_articles,
    stories,
    topics,
    watches,
    webhooks,
)
from services.console import mount as console
from services.database.engine import Database
from services.database.replica import Replica
from services.dispatch.celery_app import Role, create_celery
from services.dispatch.dispatcher import Dispatcher, DispatchThread
from services.dispatch.store_watch import StoreWatch
from services.feeds.activity import ActivityRecorder
from services.feeds.store import FeedCache
from services.ingest.admission import AdmissionControl
from services.ingest.submit import Intake
from services.jobs import hosts
from services.jobs.acceptor import Acceptor
from services.jobs.hosts import AnnouncementThread, HostRole
from services.metrics import ApiMetrics, LedgerCollector, StoresCollector
from services.settings import Settings
from services.settings.proxies import items_of
from services.sources.verifier import PushVerifier
from services.use_cases.context import UseCaseContext
from services.version import VERSION

_HEALTH_THREADS: Final = 4
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_ROUTERS: Final = (
    articles.router,
    stored_articles.router,
    pushes.router,
    jobs.router,
    job_actions.router,
    results.router,
    attributions.router,
    stances.router,
    stories.router,
    search_feeds.router,
    entities.router,
    keys.router,
    feeds.router,
    sources.router,
    audit.router,
    pauses.router,
    topics.router,
    webhooks.router,
    watches.router,
    health.router,
)


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one API process. The database has to be migrated; Redis may be unreachable."""
    registry = CollectorRegistry()
    services = _build_services(settings, ApiMetrics(registry))
    watch = services.store_watch
    stores = StoresCollector(services.database, settings.resolved_redis_url(), settings.broker, watch)
    registry.register(LedgerCollector(services.database, settings.metrics.feeds, watch))
    registry.register(stores)
    ProcessCollector(registry=registry)
    app = FastAPI(
        title="Stancewire",
        version=VERSION,
        summary="News articles pushed in; who said what, and where they stand, out.",
        lifespan=_lifespan(services, stores),
        middleware=_middleware(services),
        routes=list(_routes()),
        redirect_slashes=False,  # Starlette redirects to whatever `Host` says; services.console.error_pages does better
        docs_url=None,  # FastAPI's pages load scripts from other sites; the document itself is at /openapi.json
        redoc_url=None,
    )
    app.webhooks.include_router(webhook_messages.router)
    app.state.services = services
    app.state.registry = registry
    error_handlers.install(app)
    openapi.install(app, settings.limits)
    console.install(app, services)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes of API and console, for all applications of a process.

    FastAPI reads the signatures of an included router's routes at its first request, again for each inclusion: a second
    for all. So they are included once, and not in each application.
    """
    included = APIRouter(
        dependencies=[Depends(bind_path_parameters)],
        generate_unique_id_function=lambda route: route.name,  # the names of operations in generated clients
    )
    for router in (*_ROUTERS, *console.ROUTERS):
        included.include_router(router)
    return tuple(included.routes)


def _build_services(settings: Settings, metrics: ApiMetrics) -> ApiServices:
    """Connect the parts of this process. Nothing is read or sent yet."""
    database = Database.of(settings)
    database.check_secret_keys()
    database.observer = metrics.observe_transaction
    database.fault_observer = metrics.observe_database_fault
    database.replica = Replica.of(settings, database)
    redis_url = settings.resolved_redis_url()
    celery = create_celery(settings.broker, redis_url, Role.SENDER)
    dispatcher = Dispatcher(database, celery, redis_url, settings.broker)
    dispatcher.fault_observer = metrics.observe_redis_fault
    dispatch_thread = DispatchThread(dispatcher)
    key_cache = KeyCache(database, settings.access)
    feed_cache = FeedCache(database, settings.feeds.cache_s, settings.limits.feeds)
    admission = AdmissionControl(database, settings.limits, settings.state_dir.resolve())
    return ApiServices(
        settings=settings,
        database=database,
        key_cache=key_cache,
        admission=admission,
        intake=Intake(Acceptor(database), admission, feed_cache, RateLimiter(settings.feeds.burst_s), settings.limits),
        use_case_context=UseCaseContext(
            database,
            settings,
            nudge_dispatcher=dispatch_thread.nudge,
            forget_feeds=feed_cache.forget,
            forget_key=key_cache.forget,
        ),
        dispatcher=dispatcher,
        dispatch_thread=dispatch_thread,
        store_watch=StoreWatch(database, settings),
        long_poll=LongPoll(database, settings.api),
        result_watch=ResultWatch(database, settings.api),
        result_streams=ResultStreams(settings.api.streams, settings.api.streams_per_key),
        metrics=metrics,
        recorder=ActivityRecorder(database, settings.sources),
        push_verifier=PushVerifier(database, settings.sources, settings.access),
        health_threads=anyio.CapacityLimiter(_HEALTH_THREADS),
    )


def _middleware(services: ApiServices) -> list[Middleware]:
    """Return the middleware in the order in which a request meets it, the outermost first."""
    settings, metrics = services.settings, services.metrics
    proxies = items_of(settings.api.trusted_proxies)
    behind_proxies = [Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)] if proxies else []
    return [
        *behind_proxies,
        Middleware(SecurityHeadersMiddleware, hsts_s=settings.api.hsts_s),
        Middleware(TracingMiddleware),
        Middleware(RequestLogMiddleware, metrics=metrics),
        Middleware(CompressionMiddleware),
        Middleware(CrossOriginMiddleware, settings=settings.api),
        Middleware(AllowedHostsMiddleware, settings=settings.api),
        Middleware(DefectMiddleware),
        Middleware(
            AuthenticationMiddleware,
            key_cache=services.key_cache,
            settings=settings.access,
            refusals=metrics.unauthenticated,
        ),
        Middleware(BackpressureMiddleware, admission=services.admission),
        Middleware(BodyLimitsMiddleware, limits=settings.limits),
        Middleware(HeadMiddleware),
    ]


def _lifespan(services: ApiServices, stores: StoresCollector) -> Lifespan:
    name = hosts.host_name(platform.node(), uuid.uuid4().hex[:8])
    announcement = AnnouncementThread(services.database, HostRole.API, name)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # More threads than connections would only wait for a connection.
        anyio.to_thread.current_default_thread_limiter().total_tokens = services.settings.database.pool_size
        tracing.configure(services.settings.tracing, "api")
        announcement.start()
        services.store_watch.start()
        services.recorder.start()
        services.dispatch_thread.start()
        services.dispatch_thread.nudge()  # jobs accepted shortly before a crash
        yield
        announcement.stop()
        services.dispatch_thread.stop()
        services.recorder.stop()
        services.store_watch.stop()
        stores.close()
        services.database.dispose()
        if services.database.replica is not None:
            services.database.replica.database.dispose()
        tracing.shut_down()

    return lifespan
