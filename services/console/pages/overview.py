"""The first page: what the service does now, and whether something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from services.console.charts import Chart, line_chart
from services.console.error_pages import PageRoute
from services.console.page_context import PageContext, Visit
from services.console.service_status import ServiceStatus
from services.contracts import JobState
from services.database.counters import NO_LABEL, CounterName
from services.jobs import activity

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_LISTED: Final = 6


@dataclass(frozen=True, slots=True)
class Minute:
    """A line of the table behind the chart."""

    begins_at: datetime
    accepted: int
    stored: int


@router.get("/")
def overview(context: Visit) -> Response:
    """Throughput, backlog, age, states, workers, the last failures and the last results."""
    return context.show("overview.html", **_values(context))


@router.get("/overview/live")
def live(context: Visit) -> Response:
    """The part of the first page that is loaded again every few seconds."""
    return context.show("_live.html", **_values(context))


def _values(context: PageContext) -> dict[str, Any]:
    """What the page shows. The service as a whole is for those who see every feed; others see what is theirs."""
    database, feeds = context.services.database, context.visitor.feeds
    lists = {
        "failures": activity.last_failures(database, limit=_LISTED, visible=feeds),
        "latest": activity.newest_results(database, limit=_LISTED, visible=feeds),
    }
    if feeds is not None:
        return lists | {"look": None, "feeds": sorted(feeds)}
    look = context.console.pulse.look()
    return lists | {
        "look": look,
        "chart": _chart(look),
        "minutes": minutes(look),
        "finished": {
            state: int(look.snapshot.counters.get((CounterName.FINISHED, state.value), 0)) for state in JobState
        },
        "words_read": look.snapshot.counters.get((CounterName.WORDS, NO_LABEL), 0.0),
    }


def _chart(look: ServiceStatus) -> Chart:
    a_minute = 60 / look.activity.step_s
    return line_chart(
        [[count * a_minute for count in counts] for counts in (look.activity.accepted, look.activity.stored)]
    )


def minutes(look: ServiceStatus) -> list[Minute]:
    """The chart's figures by whole minutes, the newest first."""
    size = 60 // look.activity.step_s
    accepted, stored = look.activity.accepted[::-1], look.activity.stored[::-1]
    lines = []
    for number in range(len(stored) // size):
        part = slice(number * size, (number + 1) * size)
        begins_at = look.activity.ends_at - timedelta(minutes=number + 1)
        lines.append(Minute(begins_at, sum(accepted[part]), sum(stored[part])))
    return lines
