"""``/healthz``, ``/readyz`` and ``/metrics``: for those who watch."""

from __future__ import annotations

import ipaddress
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from services.api.dependencies import Services
from services.api.middleware.authentication import known_caller
from services.api.problems import responses
from services.caller import Scope
from services.database import migrations
from services.errors import BrokerUnavailable, Forbidden, StoreUnavailable, Unauthenticated
from services.jobs import queries

router = APIRouter(tags=["health"])

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")


class Health(BaseModel):
    """What works and what does not. ``degraded``: articles are taken in, but something is not as it should be."""

    status: Literal["ok", "degraded", "unavailable"]
    checks: dict[str, str]


@router.get("/healthz")
async def alive() -> Health:
    """The process runs; says nothing of what it depends on."""
    return Health(status="ok", checks={})


@router.get("/readyz", responses={503: {"model": Health}})
def ready(request: Request, services: Services, response: Response) -> Health:
    """Whether articles can be taken in: needs the database. Without Redis or workers they wait in the ledger, as it says.

    Open to all; what the database or Redis said, addresses in it, is shown to an admin key alone.
    """
    caller = known_caller(request)
    detailed = caller is not None and Scope.ADMIN in caller.scopes
    checks = {"database": "ok", "redis": "ok", "workers": "ok", "intake": "ok"}
    status: Literal["ok", "degraded", "unavailable"] = "ok"
    try:
        services.dispatcher.ping()
    except BrokerUnavailable as error:
        reason = error.detail if detailed else "Redis does not answer"
        status, checks["redis"] = "degraded", f"{reason}; articles wait in the ledger"
    try:
        missing = migrations.pending(services.database)
        if missing is not None:
            status, checks["database"] = "unavailable", f"the schema lacks revision {missing}: run `stancewire migrate`"
        else:
            if queries.live_slots(services.database) == 0:
                status, checks["workers"] = "degraded", "no worker was seen lately; articles wait in the ledger"
            closed = services.gate.closed()
            if closed is not None:
                reason = closed.detail if detailed else closed.code
                status, checks["intake"] = "degraded", f"{reason}; pushes are refused, results are served"
            elif services.gate.paused_feeds():
                checks["intake"] = f"ok, but for {services.gate.paused_feeds()} paused"
    except StoreUnavailable as error:
        checks["database"] = error.detail if detailed else "the database does not answer"
        status, checks["workers"], checks["intake"] = "unavailable", "unknown", "unknown"
    if status == "unavailable":
        response.status_code = 503
    return Health(status=status, checks=checks)


@router.get("/metrics", response_class=PlainTextResponse, responses=responses())
def metrics(request: Request, services: Services) -> Response:
    """This process's metrics and the ledger's, in Prometheus' text format; who needs a key is a setting, ``access.metrics``."""
    wanted = services.settings.access.metrics
    if wanted != "open" and not (wanted == "loopback" and _is_local(request)):
        caller = known_caller(request)
        if caller is None:
            raise Unauthenticated(
                "metrics from here need a key with the scope read that sees every feed", code="key_missing"
            )
        caller.require(Scope.READ)
        if caller.feeds is not None:
            raise Forbidden("metrics tell of every feed; this key sees some")
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    """Whether the request was made on this machine, and not by a proxy here for somebody elsewhere."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:  # a Unix socket has no address
        return False
