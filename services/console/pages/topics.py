"""Topics: a list, the page of one topic, and registering, changing, retiring and resuming topics."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from services.api.problems import FieldError
from services.api.schemas.topics import NewTopic, TopicChange
from services.console.error_pages import PageRoute
from services.console.forms import TextField, first_error
from services.console.page_context import AdminForm, PageContext, ReaderPage
from services.contracts import TopicId
from services.errors import Conflict, InvalidInput
from services.topics import store
from services.use_cases import topics

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MAX_LISTED: Final = 1_000


@router.get("/topics")
def list_topics(context: ReaderPage) -> Response:
    """Show all topics, retired ones last."""
    return _show_list(context)


@router.post("/topics")
def add_topic(context: AdminForm, name: TextField = "", aliases: TextField = "", claim: TextField = "") -> Response:
    """Register a topic."""
    form = {"name": name.strip(), "aliases": aliases, "claim": claim.strip()}
    try:
        new = NewTopic.model_validate(form | {"aliases": _split_lines(aliases)})
        record = topics.add(
            context.services.use_case_context,
            name=new.name,
            aliases=new.aliases,
            claim=new.claim,
            caller=context.visitor.caller,
        )
    except (ValidationError, InvalidInput, Conflict) as error:
        return _show_list(context, 422, form, _field_error(error))
    return context.redirect("/topics", notice=f"The topic {record.topic.name} was registered.")


@router.get("/topics/{topic_id}")
def show_topic(topic_id: TopicId, context: ReaderPage) -> Response:
    """Show a topic, for administrators with a form for its names."""
    return _show_topic(context, topic_id)


@router.post("/topics/{topic_id}")
def change_topic(topic_id: TopicId, context: AdminForm, name: TextField = "", aliases: TextField = "") -> Response:
    """Change the names of a topic. Its claim never changes: another claim is another topic."""
    form = {"name": name.strip(), "aliases": aliases}
    try:
        change = TopicChange.model_validate(form | {"aliases": _split_lines(aliases)})
        topics.change(
            context.services.use_case_context,
            topic_id,
            name=change.name,
            aliases=change.aliases,
            caller=context.visitor.caller,
        )
    except (ValidationError, InvalidInput, Conflict) as error:
        return _show_topic(context, topic_id, 422, form, _field_error(error))
    return context.redirect("/topics", notice=f"The topic {topic_id} was changed.")


@router.post("/topics/{topic_id}/retire")
def retire_topic(topic_id: TopicId, context: AdminForm) -> Response:
    """Retire a topic."""
    topics.retire(context.services.use_case_context, topic_id, context.visitor.caller)
    return context.redirect("/topics", notice=f"The topic {topic_id} was retired. Its stances stay.")


@router.post("/topics/{topic_id}/resume")
def resume_topic(topic_id: TopicId, context: AdminForm) -> Response:
    """Make a retired topic active again."""
    topics.change(context.services.use_case_context, topic_id, retired=False, caller=context.visitor.caller)
    return context.redirect("/topics", notice=f"The topic {topic_id} is active again.")


def _split_lines(text: str) -> list[str]:
    """Return the lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _field_error(error: ValidationError | InvalidInput | Conflict) -> FieldError:
    """Return the first error of a form; an invalid alias is named by its line."""
    first = first_error(error)
    field, _, index = first.field.partition(".")
    return FieldError(field=field, reason=f"line {int(index) + 1} {first.reason}" if index.isdigit() else first.reason)


def _show_list(
    context: PageContext, status: int = 200, form: dict[str, str] | None = None, error: FieldError | None = None
) -> Response:
    records = store.list_topics(context.services.database, retired=None, limit=_MAX_LISTED)
    values: dict[str, Any] = {"topics": sorted(records, key=lambda record: record.retired_at is not None)}
    return context.render("topics.html", status, **values, form=form or {}, error=error)


def _show_topic(
    context: PageContext,
    topic_id: str,
    status: int = 200,
    form: dict[str, str] | None = None,
    error: FieldError | None = None,
) -> Response:
    record = store.get(context.services.database, topic_id)
    stored = {"name": record.topic.name, "aliases": "\n".join(record.topic.aliases)}
    return context.render("topic.html", status, record=record, form=stored if form is None else form, error=error)
