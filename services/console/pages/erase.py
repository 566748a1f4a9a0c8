"""Erasure of an article: a page that lists what will be erased and asks for confirmation."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.console.error_pages import PageRoute
from services.console.forms import TextField
from services.console.page_context import AdminForm, AdminPage, PageContext
from services.console.wording import plural
from services.jobs import queries
from services.maintenance import erasure
from services.use_cases import articles

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/jobs/{job_id}/erase")
def show_erasure(job_id: UUID, context: AdminPage) -> Response:
    """Show what would be erased with the job's article, and what would not."""
    return _show_confirmation(context, job_id)


@router.post("/jobs/{job_id}/erase")
def erase_article(job_id: UUID, context: AdminForm, sure: TextField = "") -> Response:
    """Erase the job's article with all its jobs and results.

    The notice contains IDs only: browsers keep addresses in their history, and the title was just erased.
    """
    if not sure:
        return _show_confirmation(context, job_id, 422, "Tick the box to confirm.")
    services = context.services
    article_id = queries.job(services.database, job_id, context.visitor.feeds).article_id
    erased = articles.erase(services.use_case_context, article_id, context.visitor.caller)
    notice = (
        f"The article {article_id} was erased with {plural(erased.jobs, 'job')} and {plural(erased.results, 'result')}."
    )
    if not erased.clean and services.database.dialect == "sqlite":
        notice += " SQLite's write-ahead log was in use and still has copies; the next checkpoint removes them."
    return context.redirect("/jobs", notice=notice)


def _show_confirmation(context: PageContext, job_id: UUID, status: int = 200, reason: str = "") -> Response:
    database = context.services.database
    job = queries.job(database, job_id, context.visitor.feeds)
    versions = [] if job.guid is None else erasure.versions(database, job.feed, job.guid)
    return context.render("erase.html", status, job=job, other_versions=max(0, len(versions) - 1), reason=reason)
