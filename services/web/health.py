"""``/healthz``, ``/readyz`` and ``/metrics``: for those who watch."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from services.errors import BrokerUnavailable, StoreUnavailable
from services.results import migrations, queries
from services.web.context import Here

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """What works and what does not. ``degraded``: articles are taken in, but something is not as it should be."""

    status: Literal["ok", "degraded", "unavailable"]
    checks: dict[str, str]


@router.get("/healthz")
async def alive() -> Health:
    """The process runs; says nothing of what it depends on."""
    return Health(status="ok", checks={})


@router.get("/readyz", responses={503: {"model": Health}})
def ready(here: Here, response: Response) -> Health:
    """Whether articles can be taken in: needs the database. Without Redis or workers they wait in the ledger, as it says."""
    checks = {"database": "ok", "redis": "ok", "workers": "ok"}
    status: Literal["ok", "degraded", "unavailable"] = "ok"
    try:
        here.dispatcher.ping()
    except BrokerUnavailable as error:
        status, checks["redis"] = "degraded", f"{error.detail}; articles wait in the ledger"
    try:
        missing = migrations.pending(here.database)
        if missing is not None:
            status, checks["database"] = "unavailable", f"the schema lacks revision {missing}: run `stancewire migrate`"
        elif queries.live_slots(here.database) == 0:
            status, checks["workers"] = "degraded", "no worker was seen lately; articles wait in the ledger"
    except StoreUnavailable as error:
        status, checks["database"], checks["workers"] = "unavailable", error.detail, "unknown"
    if status == "unavailable":
        response.status_code = 503
    return Health(status=status, checks=checks)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """This process's metrics and the ledger's, in Prometheus' text format."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
