"""Jobs: a list with filters, the page of one job, and retrying, canceling and dropping one job or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query
from pydantic import StringConstraints
from starlette.responses import Response

from services.api.pagination import decode_cursor, fetch_page
from services.caller import Caller
from services.console.error_pages import PageRoute
from services.console.forms import BLANK_TO_NONE
from services.console.page_context import AdminForm, PageContext, ReaderPage
from services.console.wording import plural
from services.contracts import FINAL_STATES, TRANSITIONS, FeedName, JobState, Text, cursors
from services.errors import Conflict, Gone, NotFound
from services.jobs import queries
from services.jobs.queries import JobRecord
from services.use_cases import jobs
from services.use_cases.context import UseCaseContext

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE_SIZE: Final = 50
_MAX_SELECTED: Final = 200

Action = Literal["retry", "cancel", "drop", "withdraw", "reinstate"]
_USE_CASES: Final[Mapping[Action, Callable[[UseCaseContext, UUID, Caller], None]]] = {
    "retry": jobs.retry,
    "cancel": jobs.cancel,
    "drop": jobs.drop,
    "withdraw": jobs.withdraw_article,
    "reinstate": jobs.reinstate_article,
}
_PAST_PARTICIPLES: Final[Mapping[Action, str]] = {
    "retry": "queued again",
    "cancel": "canceled",
    "drop": "dropped",
    "withdraw": "withdrawn with its article",
    "reinstate": "reinstated with its article",
}

FeedFilter = Annotated[Annotated[FeedName, StringConstraints(strip_whitespace=True)] | None, BLANK_TO_NONE]
GuidFilter = Annotated[
    Annotated[Text, StringConstraints(strip_whitespace=True, max_length=500)] | None,
    BLANK_TO_NONE,
]


@router.get("/jobs")
def list_jobs(
    context: ReaderPage,
    state: Annotated[JobState | None, BLANK_TO_NONE] = None,
    feed: FeedFilter = None,
    guid: GuidFilter = None,
    cursor: Annotated[str | None, Query(max_length=200), BLANK_TO_NONE] = None,
) -> Response:
    """Show a page of jobs, newest first. A job ID in the guid field redirects to that job."""
    if guid is not None and (job_id := _parse_job_id(guid)) is not None:
        return context.redirect(f"/jobs/{job_id}")
    before = decode_cursor(cursors.decode_id, cursor)
    database, visible = context.services.database, context.visitor.feeds
    page = fetch_page(
        lambda limit: queries.list_jobs(
            database, feed=feed, guid=guid, state=state, before=before, limit=limit, visible=visible
        ),
        _PAGE_SIZE,
        lambda job: cursors.encode(str(job.id)),
    )
    return context.render(
        "jobs.html",
        jobs=page.items,
        next_cursor=page.next,
        is_first_page=before is None,
        filters={name: value for name, value in (("state", state), ("feed", feed), ("guid", guid)) if value},
    )


@router.get("/jobs/{job_id}")
def show_job(job_id: UUID, context: ReaderPage) -> Response:
    """Show the state of a job, its reason, and the possible actions."""
    job = queries.job(context.services.database, job_id, context.visitor.feeds)
    return context.render("job.html", job=job, actions=possible_actions(job))


@router.post("/jobs/{job_id}/{action}")
def act_on_job(job_id: UUID, action: Action, context: AdminForm) -> Response:
    """Retry, cancel or drop a job, or withdraw or reinstate its article."""
    _act(context, action, job_id)
    return context.redirect(f"/jobs/{job_id}", notice=f"The job was {_PAST_PARTICIPLES[action]}.")


@router.post("/jobs")
def act_on_selected_jobs(
    context: AdminForm,
    action: Annotated[Action, Form()],
    job: Annotated[list[UUID] | None, Form(max_length=_MAX_SELECTED)] = None,
) -> Response:
    """Retry, cancel or drop each selected job. A job for which the action is not possible does not stop the others."""
    if not job:
        return context.redirect("/jobs", notice="No job was selected. Tick the jobs to act on.")
    changed, last_refusal = 0, ""
    for job_id in job:
        try:
            _act(context, action, job_id)
        except (Conflict, Gone, NotFound) as error:
            last_refusal = error.detail
        else:
            changed += 1
    notice = f"{plural(changed, 'job was', 'jobs were')} {_PAST_PARTICIPLES[action]}."
    if last_refusal:
        notice += f" {plural(len(job) - changed, 'job was', 'jobs were')} not changed: {last_refusal}."
    return context.redirect("/jobs", notice=notice)


def _act(context: PageContext, action: Action, job_id: UUID) -> None:
    _USE_CASES[action](context.services.use_case_context, job_id, context.visitor.caller)


def possible_actions(job: JobRecord) -> frozenset[Action]:
    """Return the actions that a job's state allows."""
    actions: set[Action] = {"reinstate" if job.withdrawn else "withdraw"}
    if job.state is JobState.HELD:
        actions.add("reinstate")
    if job.state not in FINAL_STATES:
        return frozenset(actions | {"cancel"})
    if JobState.QUEUED in TRANSITIONS[job.state] and not job.withdrawn:
        actions.add("retry")
    if JobState.CANCELED in TRANSITIONS[job.state]:
        actions.add("drop")
    return frozenset(actions)


def _parse_job_id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
