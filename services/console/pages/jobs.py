"""Jobs: found by state, feed and guid; why they failed; retried, canceled and dropped, one or many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query
from pydantic import BeforeValidator, StringConstraints
from starlette.responses import Response

from services.api.problems import ProblemError
from services.caller import Caller
from services.console.error_pages import PageRoute
from services.console.forms import blank_is_none
from services.console.page_context import Act, PageContext, Visit
from services.console.wording import plural
from services.contracts import FINAL_STATES, TRANSITIONS, FeedName, JobState, Text, cursors
from services.database.engine import Database
from services.errors import Conflict, Gone, NotFound
from services.jobs import actions, queries
from services.jobs.queries import JobRecord

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE: Final = 50
_MANY: Final = 200

Action = Literal["retry", "cancel", "drop"]
_ACTIONS: Final[Mapping[Action, Callable[[Database, UUID, Caller], None]]] = {
    "retry": actions.retry,
    "cancel": actions.cancel,
    "drop": actions.drop,
}
_DONE: Final[Mapping[Action, str]] = {"retry": "queued again", "cancel": "canceled", "drop": "dropped"}


Blank = BeforeValidator(blank_is_none)
FeedField = Annotated[Annotated[FeedName, StringConstraints(strip_whitespace=True)] | None, Blank]


@router.get("/jobs")
def list_jobs(
    context: Visit,
    state: Annotated[JobState | None, Blank] = None,
    feed: FeedField = None,
    guid: Annotated[Annotated[Text, StringConstraints(strip_whitespace=True, max_length=500)] | None, Blank] = None,
    cursor: Annotated[str | None, Query(max_length=200), Blank] = None,
) -> Response:
    """Jobs, newest first. What is typed as a guid and is a job's ID leads to that job."""
    if guid is not None and (known := _job_id(guid)) is not None:
        return context.go(f"/jobs/{known}")
    try:
        before = cursors.decode_id(cursor) if cursor else None
    except ValueError as error:
        raise ProblemError(422, "invalid", f"cursor: {error}") from error
    found = queries.list_jobs(
        context.services.database,
        feed=feed,
        guid=guid,
        state=state,
        before=before,
        limit=_PAGE + 1,
        visible=context.visitor.feeds,
    )
    more = cursors.encode(str(found[_PAGE - 1].id)) if len(found) > _PAGE else ""
    chosen = {name: value for name, value in (("state", state), ("feed", feed), ("guid", guid)) if value}
    return context.show("jobs.html", jobs=found[:_PAGE], more=more, chosen=chosen, first=before is None)


@router.get("/jobs/{job_id}")
def show_job(job_id: UUID, context: Visit) -> Response:
    """One job: where it is, why, and what can be done."""
    job = queries.job(context.services.database, job_id, context.visitor.feeds)
    return context.show("job.html", job=job, actions=possible(job))


@router.post("/jobs/{job_id}/{action}")
def act(job_id: UUID, action: Action, context: Act) -> Response:
    """Do one thing to one job."""
    _do(context, action, job_id)
    return context.go(f"/jobs/{job_id}", notice=f"The job was {_DONE[action]}.")


@router.post("/jobs")
def act_on_many(
    context: Act,
    action: Annotated[Action, Form()],
    job: Annotated[list[UUID] | None, Form(max_length=_MANY)] = None,
) -> Response:
    """Do one thing to each job that was chosen; what cannot be done to one does not stop the others."""
    done, refused = 0, ""
    for job_id in job or ():
        try:
            _do(context, action, job_id)
        except (Conflict, Gone, NotFound) as error:
            refused = error.detail
        else:
            done += 1
    if not job:
        return context.go("/jobs", notice="No job was chosen: tick those that you mean.")
    notice = f"{plural(done, 'job')} {_DONE[action]}."
    if refused:
        notice += f" {plural(len(job) - done, 'job')} left as they were: {refused}."
    return context.go("/jobs", notice=notice)


def _do(context: PageContext, action: Action, job_id: UUID) -> None:
    _ACTIONS[action](context.services.database, job_id, context.visitor.caller)
    if action == "retry":
        context.services.dispatch.nudge()


def possible(job: JobRecord) -> frozenset[Action]:
    """What can be done to a job in its state."""
    if job.state not in FINAL_STATES:
        return frozenset({"cancel"})
    found: set[Action] = set()
    if JobState.QUEUED in TRANSITIONS[job.state] and not job.withdrawn:
        found.add("retry")
    if JobState.CANCELED in TRANSITIONS[job.state]:
        found.add("drop")
    return frozenset(found)


def _job_id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
