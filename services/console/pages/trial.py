"""Try it: a pasted text goes through admission control, the ledger and the queue, in a feed reserved for trials."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from services import samples
from services.api.problems import FieldError
from services.console.error_pages import PageRoute
from services.console.forms import TextField, first_error
from services.console.page_context import PageContext, PusherForm, ReaderPage
from services.contracts import Article, MediaType
from services.errors import InvalidInput, StancewireError
from services.ingest.submit import check_length
from services.use_cases import articles

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_SAMPLES_SHOWN: Final = 4


@router.get("/try")
def show_trial(context: ReaderPage, sample: str = "") -> Response:
    """Show the form, empty or filled with a sample article."""
    article = next((article for article in samples.load() if article.guid == sample), None)
    if article is None:
        return _show_form(context)
    return _show_form(context, article.title or "", article.body, article.media_type)


@router.post("/try")
def submit_trial(
    context: PusherForm,
    body: TextField = "",
    title: TextField = "",
    media_type: Annotated[MediaType, Form()] = MediaType.TEXT,
) -> Response:
    """Submit the text and redirect to its article, which waits for the result.

    The same text submitted again leads to the article that was already analysed.
    """
    services = context.services
    text = body.replace("\r\n", "\n")
    try:
        article = Article(
            feed=services.settings.console.feed, title=title.strip() or None, body=text, media_type=media_type
        )
        check_length(article, services.settings.limits)
    except (ValidationError, InvalidInput) as error:
        return _show_form(context, title, text, media_type, first_error(error))
    [answer] = articles.submit(services.use_case_context, services.intake, [article], context.visitor.caller)
    if isinstance(answer, StancewireError):
        raise answer
    return context.redirect(f"/jobs/{answer.job_id}/article")


def _show_form(
    context: PageContext,
    title: str = "",
    body: str = "",
    media_type: MediaType = MediaType.TEXT,
    error: FieldError | None = None,
) -> Response:
    return context.render(
        "try.html",
        422 if error else 200,
        title=title,
        body=body,
        media_type=media_type,
        error=error,
        samples=samples.load()[:_SAMPLES_SHOWN],
        feed=context.services.settings.console.feed,
    )
