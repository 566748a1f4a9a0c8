"""The overview: the state of the service, what needs attention, the latest failures and the latest articles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from services.console.charts import LineChart, line_chart
from services.console.error_pages import PageRoute
from services.console.page_context import PageContext, ReaderPage
from services.console.service_status import ServiceStatus
from services.contracts import JobState
from services.database.counters import NO_LABEL, CounterName
from services.jobs import activity

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_LIST_LENGTH: Final = 6


@dataclass(frozen=True, slots=True)
class Minute:
    """A row of the table of figures: articles accepted and results stored in one minute."""

    begins_at: datetime
    accepted: int
    stored: int


@router.get("/")
def show_overview(context: ReaderPage) -> Response:
    """Show the whole page."""
    return context.render("overview.html", **_values(context))


@router.get("/overview/live")
def show_live_part(context: ReaderPage) -> Response:
    """Return the part of the page that is reloaded every few seconds."""
    return context.render("_live.html", **_values(context))


def _values(context: PageContext) -> dict[str, Any]:
    """Return the values of the templates.

    The state of the whole service is shown to visitors who see every feed; other visitors see the lists of their feeds.
    """
    database, feeds = context.services.database, context.visitor.feeds
    lists = {
        "failures": activity.last_failures(database, limit=_LIST_LENGTH, visible=feeds),
        "latest": activity.newest_results(database, limit=_LIST_LENGTH, visible=feeds),
    }
    if feeds is not None:
        return lists | {"status": None, "feeds": sorted(feeds)}
    status = context.console.status_monitor.current()
    counters = status.snapshot.counters
    return lists | {
        "status": status,
        "chart": _chart(status),
        "minutes": whole_minutes(status),
        "finished": {state: int(counters.get((CounterName.FINISHED, state.value), 0)) for state in JobState},
        "words_read": counters.get((CounterName.WORDS, NO_LABEL), 0.0),
    }


def _chart(status: ServiceStatus) -> LineChart:
    steps_per_minute = 60 / status.activity.step_s
    series = (status.activity.accepted, status.activity.stored)
    return line_chart([[count * steps_per_minute for count in counts] for counts in series])


def whole_minutes(status: ServiceStatus) -> list[Minute]:
    """Return the figures of the chart by whole minutes, newest first."""
    steps_per_minute = 60 // status.activity.step_s
    accepted, stored = status.activity.accepted[::-1], status.activity.stored[::-1]
    minutes = []
    for number in range(len(stored) // steps_per_minute):
        steps = slice(number * steps_per_minute, (number + 1) * steps_per_minute)
        begins_at = status.activity.ends_at - timedelta(minutes=number + 1)
        minutes.append(Minute(begins_at, sum(accepted[steps]), sum(stored[steps])))
    return minutes
