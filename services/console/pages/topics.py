"""Topics: what statements are read for, registered, changed and retired."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError, ProblemError, field_errors
from services.api.routes.topics import add_topic, change_topic
from services.api.schemas.topics import NewTopic, TopicChange
from services.console.error_pages import PageRoute
from services.console.page_context import Act, PageContext, Visit
from services.contracts import TopicId
from services.errors import Conflict
from services.topics import store

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Field = Annotated[str, Form()]
_LISTED: Final = 1_000


@router.get("/topics")
def list_topics(context: Visit) -> Response:
    """All topics, the retired ones last."""
    return _all(context)


@router.post("/topics")
def add(context: Act, name: Field = "", aliases: Field = "", claim: Field = "") -> Response:
    """Register a topic; articles analysed from now on are read for it."""
    form = {"name": name.strip(), "aliases": aliases, "claim": claim.strip()}
    try:
        new = NewTopic.model_validate(form | {"aliases": _lines(aliases)})
        made = add_topic(new, context.services, context.visitor.caller, Response())
    except (ValidationError, ProblemError, Conflict) as error:
        return _all(context, 422, form, _wrong(error, "name"))
    return context.go("/topics", notice=f"The topic {made.name} is read for from now on.")


@router.get("/topics/{topic_id}")
def show(topic_id: TopicId, context: Visit) -> Response:
    """One topic, with a form for its names."""
    return _one(context, topic_id)


@router.post("/topics/{topic_id}")
def change(topic_id: TopicId, context: Act, name: Field = "", aliases: Field = "") -> Response:
    """Give a topic other names. Its claim never changes: another claim is another topic."""
    form = {"name": name.strip(), "aliases": aliases}
    try:
        wanted = TopicChange.model_validate(form | {"aliases": _lines(aliases)})
        change_topic(topic_id, wanted, context.services, context.visitor.caller)
    except (ValidationError, ProblemError, Conflict) as error:
        return _one(context, topic_id, 422, form, _wrong(error, "name"))
    return context.go("/topics", notice=f"The topic {topic_id} was changed.")


@router.post("/topics/{topic_id}/retire")
def retire(topic_id: TopicId, context: Act) -> Response:
    """Read no article for this topic any more."""
    change_topic(topic_id, TopicChange(retired=True), context.services, context.visitor.caller)
    return context.go("/topics", notice=f"The topic {topic_id} is retired; what was found stays.")


@router.post("/topics/{topic_id}/resume")
def resume(topic_id: TopicId, context: Act) -> Response:
    """Take a topic up again."""
    change_topic(topic_id, TopicChange(retired=False), context.services, context.visitor.caller)
    return context.go("/topics", notice=f"The topic {topic_id} is read for again.")


def _lines(text: str) -> list[str]:
    """One alias a line, blank ones left out."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _wrong(error: ValidationError | ProblemError | Conflict, whole: str) -> FieldError:
    """What is wrong with a form; an alias is named by its line."""
    if isinstance(error, Conflict):
        return FieldError(field=whole, reason=error.detail)
    wrong = field_errors(error.errors())[0] if isinstance(error, ValidationError) else error.problem.errors[0]
    field, _, place = wrong.field.partition(".")
    return FieldError(field=field, reason=f"line {int(place) + 1} {wrong.reason}" if place.isdigit() else wrong.reason)


def _all(
    context: PageContext, status: int = 200, form: dict[str, str] | None = None, wrong: FieldError | None = None
) -> Response:
    listed = store.list_topics(context.services.database, retired=None, limit=_LISTED)
    values: dict[str, Any] = {"topics": sorted(listed, key=lambda record: record.retired_at is not None)}
    return context.show("topics.html", status, **values, form=form or {}, wrong=wrong)


def _one(
    context: PageContext,
    topic_id: str,
    status: int = 200,
    form: dict[str, str] | None = None,
    wrong: FieldError | None = None,
) -> Response:
    record = store.get(context.services.database, topic_id)
    stored = {"name": record.topic.name, "aliases": "\n".join(record.topic.aliases)}
    return context.show("topic.html", status, record=record, form=stored if form is None else form, wrong=wrong)
