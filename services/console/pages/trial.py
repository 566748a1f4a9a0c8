"""Try it: a pasted text goes the way of every article, through the gate, the ledger and the queue, under a feed of its own."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from services import samples
from services.api.problems import ProblemError, field_errors
from services.api.routes.articles import check_length, take_in
from services.console.error_pages import PageRoute
from services.console.page_context import PageContext, Push, Visit
from services.contracts import Article, MediaType
from services.jobs.accept import Acceptance

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_SAMPLES: Final = 4


@router.get("/try")
def form(context: Visit, sample: str = "") -> Response:
    """A form for a text, empty or filled with one of the samples."""
    chosen = next((one for one in samples.load() if one.guid == sample), None)
    return _form(
        context,
        chosen.title or "" if chosen else "",
        chosen.body if chosen else "",
        chosen.media_type if chosen else "",
    )


@router.post("/try")
def submit(
    context: Push,
    body: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    media_type: Annotated[MediaType, Form()] = MediaType.TEXT,
) -> Response:
    """Take the text in and go to its article, which waits until it is read. A text that was tried before is not read again."""
    text = body.replace("\r\n", "\n")
    try:
        pasted = Article(
            feed=context.services.settings.console.feed, title=title.strip() or None, body=text, media_type=media_type
        )
        check_length(pasted, context.services)
    except ValidationError as error:
        wrong = field_errors(error.errors())[0]
        return _form(context, title, text, media_type, field=wrong.field, reason=wrong.reason)
    except ProblemError as error:
        return _form(context, title, text, media_type, field="body", reason=error.problem.errors[0].reason)
    [answer] = take_in(context.services, context.visitor.caller, [pasted], None)
    if not isinstance(answer, Acceptance):
        raise answer
    context.services.dispatch.nudge()
    return context.go(f"/jobs/{answer.job_id}/article")


def _form(
    context: PageContext, title: str, body: str, media_type: str, *, field: str = "", reason: str = ""
) -> Response:
    status = 422 if reason else 200
    values = {
        "title": title,
        "body": body,
        "media_type": media_type or MediaType.TEXT,
        "field": field,
        "reason": reason,
    }
    return context.show(
        "try.html", status, **values, samples=samples.load()[:_SAMPLES], feed=context.services.settings.console.feed
    )
