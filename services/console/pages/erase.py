"""Erasing one article everywhere: a page that says what goes, and does it once that was confirmed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import Response

from services.console.error_pages import PageRoute
from services.console.page_context import Act, Oversee, PageContext
from services.console.wording import plural
from services.jobs import queries
from services.maintenance import erasure

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/jobs/{job_id}/erase")
def ask(job_id: UUID, context: Oversee) -> Response:
    """What would be erased with this job's article, and what would not."""
    return _ask(context, job_id)


@router.post("/jobs/{job_id}/erase")
def erase(job_id: UUID, context: Act, sure: Annotated[str, Form()] = "") -> Response:
    """Erase the job's article with all its jobs and results. The answer names its IDs alone: addresses are remembered."""
    if not sure:
        return _ask(context, job_id, 422, "Say that you mean it.")
    article_id = queries.job(context.services.database, job_id, context.visitor.feeds).article_id
    done = erasure.erase(context.services.database, article_id, context.visitor.caller)
    notice = f"Article {article_id} was erased with {plural(done.jobs, 'job')} and {plural(done.results, 'result')}."
    if not done.clean and context.services.database.dialect == "sqlite":
        notice += " A reader kept SQLite's log from being emptied; the next checkpoint empties it."
    return context.go("/jobs", notice=notice)


def _ask(context: PageContext, job_id: UUID, status: int = 200, reason: str = "") -> Response:
    job = queries.job(context.services.database, job_id, context.visitor.feeds)
    others = [] if job.guid is None else erasure.versions(context.services.database, job.feed, job.guid)
    return context.show("erase.html", status, job=job, others=max(0, len(others) - 1), reason=reason)
