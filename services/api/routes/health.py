"""``/healthz``, ``/readyz`` and ``/metrics``: health checks and metrics."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST, choose_encoder
from pydantic import BaseModel

from services.api.dependencies import ApiServices, Services, authenticated_caller
from services.api.middleware.authentication import key_failure_of
from services.api.problems import problem_responses
from services.caller import Scope
from services.dispatch.store_watch import Store, StoreState
from services.errors import Forbidden, StoreUnavailable, Unauthenticated
from services.events.backlog import delivery_backlog
from services.jobs import hosts
from services.jobs.hosts import HostRole

router = APIRouter(tags=["health"])

Status = Literal["ok", "degraded", "unavailable"]
_PROXY_HEADERS: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip")


_SPARE_FILES: Final = 4


class Health(BaseModel):
    """The result of each check. ``degraded``: articles are accepted or results served, but a check failed."""

    status: Status
    checks: dict[str, str]


@router.get("/healthz")
async def alive() -> Health:
    """Answer that the process runs, without checking its dependencies."""
    return Health(status="ok", checks={})


@router.get("/readyz", responses={503: {"model": Health}})
async def ready(request: Request, services: Services, response: Response) -> Health:
    """Check whether articles can be accepted, which needs the database. Without Redis or workers, articles are queued.

    The route needs no key. Messages of the database and Redis may contain addresses and are shown to admin keys only.
    """
    caller = authenticated_caller(request)
    detailed = caller is not None and Scope.ADMIN in caller.scopes
    # A thread of its own: those of the other routes may all be waiting for the database.
    health = await to_thread.run_sync(partial(_check, services, detailed=detailed), limiter=services.health_threads)
    response.status_code = 503 if health.status == "unavailable" else 200
    return health


def _check(services: ApiServices, *, detailed: bool) -> Health:
    states = services.store_watch.look()
    database, redis = states[Store.DATABASE], states[Store.REDIS]
    checks = {"database": database.reason(detailed=detailed), "redis": redis.reason(detailed=detailed)}
    if Store.REPLICA in states:
        checks["replica"] = states[Store.REPLICA].reason(detailed=detailed)
        if states[Store.REPLICA].fault is not None:
            checks["replica"] += "; searches read the database itself"
    if not redis.usable:
        checks["redis"] += "; articles wait in the ledger"
    if not _can_open_files():
        checks["files"] = "no file descriptor is left (runbook: StancewireApiDown); new connections are not answered"
    if database.usable:
        try:
            checks |= _ledger_checks(services, detailed=detailed)
        except StoreUnavailable as error:
            database = StoreState(error, usable=False)
            checks["database"] = database.reason(detailed=detailed)
    if not database.usable:
        return Health(status="unavailable", checks=checks | {"workers": "unknown", "intake": "unknown"})
    ok = all(check.startswith("ok") for check in checks.values())
    return Health(status="ok" if ok else "degraded", checks=checks)


def _can_open_files() -> bool:
    """Return whether this process may open a few more files, as each new connection is one."""
    opened: list[int] = []
    try:
        for _ in range(_SPARE_FILES):
            opened.append(os.open(os.devnull, os.O_RDONLY))  # noqa: PERF401 -- those before a failure must be closed
    except OSError:
        return False
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True


def _ledger_checks(services: ApiServices, *, detailed: bool) -> dict[str, str]:
    """Return the checks of workers and intake, and of webhooks if there are any enabled. Raises `StoreUnavailable`."""
    checks = {"workers": "ok", "intake": "ok"}
    if hosts.live_slots(services.database) == 0:
        checks["workers"] = "no worker was seen lately (runbook: StancewireWorkersMissing); articles wait in the ledger"
    refusal = services.admission.intake_refusal()
    if refusal is not None:
        reason = refusal.detail if detailed else refusal.code
        checks["intake"] = f"{reason}; pushes are refused, results are served"
    elif services.admission.paused_feeds():
        checks["intake"] = f"ok, except for {services.admission.paused_feeds()} paused"
    if delivery_backlog(services.database).enabled:
        runs = hosts.count_live(services.database, HostRole.DELIVERER) > 0
        missing = "no deliverer was seen lately (runbook: StancewireDelivererMissing); messages wait in the ledger"
        checks["webhooks"] = "ok" if runs else missing
    return checks


@router.get("/metrics", response_class=PlainTextResponse, responses=problem_responses())
def metrics(request: Request, services: Services) -> Response:
    """Return the metrics of this process and of the ledger in Prometheus' text format.

    With traces on, a client that accepts OpenMetrics gets that format, whose histograms have traces as exemplars. The
    setting ``access.metrics`` says who needs a key.
    """
    access = services.settings.access.metrics
    if access != "open" and not (access == "loopback" and _is_local(request)):
        caller = authenticated_caller(request)
        if caller is None:
            failure = key_failure_of(request.scope)
            if failure is not None:
                raise failure
            raise Unauthenticated(
                "metrics from here need a key with the scope read that sees every feed", code="key_missing"
            )
        caller.require(Scope.READ)
        if caller.feeds is not None:
            raise Forbidden("metrics describe every feed; this key sees some of them")
    generate: Callable[..., bytes] = generate_latest
    media_type = CONTENT_TYPE_LATEST
    if services.settings.tracing.endpoint:  # only exemplars are worth the change of the format
        generate, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(generate(request.app.state.registry), media_type=media_type)


def _is_local(request: Request) -> bool:
    """Return whether the request was made on this machine, and not by a local proxy on behalf of another.

    A proxy on this machine that adds no header looks the same; ``loopback`` is not for such a machine.
    """
    if request.client is None or any(name in request.headers for name in _PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:  # a Unix socket has no address
        return False
