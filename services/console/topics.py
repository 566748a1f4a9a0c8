"""Topics: what statements are read for, registered, changed and retired."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from services.console.answers import PageRoute
from services.console.desk import Act, Desk, Visit
from services.contracts import TopicId
from services.errors import Conflict
from services.topics import store
from services.topics.routes import add_topic, change_topic
from services.topics.views import NewTopic, TopicChange
from services.web.problems import FieldError, ProblemError, field_errors

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Field = Annotated[str, Form()]
_LISTED: Final = 1_000


@router.get("/topics")
def list_topics(desk: Visit) -> Response:
    """All topics, the retired ones last."""
    return _all(desk)


@router.post("/topics")
def add(desk: Act, name: Field = "", aliases: Field = "", claim: Field = "") -> Response:
    """Register a topic; articles analysed from now on are read for it."""
    form = {"name": name.strip(), "aliases": aliases, "claim": claim.strip()}
    try:
        new = NewTopic.model_validate(form | {"aliases": _lines(aliases)})
        made = add_topic(new, desk.here, desk.visitor.caller, Response())
    except (ValidationError, ProblemError, Conflict) as error:
        return _all(desk, 422, form, _wrong(error, "name"))
    return desk.go("/topics", notice=f"The topic {made.name} is read for from now on.")


@router.get("/topics/{topic_id}")
def show(topic_id: TopicId, desk: Visit) -> Response:
    """One topic, with a form for its names."""
    return _one(desk, topic_id)


@router.post("/topics/{topic_id}")
def change(topic_id: TopicId, desk: Act, name: Field = "", aliases: Field = "") -> Response:
    """Give a topic other names. Its claim never changes: another claim is another topic."""
    form = {"name": name.strip(), "aliases": aliases}
    try:
        wanted = TopicChange.model_validate(form | {"aliases": _lines(aliases)})
        change_topic(topic_id, wanted, desk.here, desk.visitor.caller)
    except (ValidationError, ProblemError, Conflict) as error:
        return _one(desk, topic_id, 422, form, _wrong(error, "name"))
    return desk.go("/topics", notice=f"The topic {topic_id} was changed.")


@router.post("/topics/{topic_id}/retire")
def retire(topic_id: TopicId, desk: Act) -> Response:
    """Read no article for this topic any more."""
    change_topic(topic_id, TopicChange(retired=True), desk.here, desk.visitor.caller)
    return desk.go("/topics", notice=f"The topic {topic_id} is retired; what was found stays.")


@router.post("/topics/{topic_id}/resume")
def resume(topic_id: TopicId, desk: Act) -> Response:
    """Take a topic up again."""
    change_topic(topic_id, TopicChange(retired=False), desk.here, desk.visitor.caller)
    return desk.go("/topics", notice=f"The topic {topic_id} is read for again.")


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


def _all(desk: Desk, status: int = 200, form: dict[str, str] | None = None, wrong: FieldError | None = None) -> Response:
    listed = store.list_topics(desk.here.database, retired=None, limit=_LISTED)
    values: dict[str, Any] = {"topics": sorted(listed, key=lambda record: record.retired_at is not None)}
    return desk.show("topics.html", status, **values, form=form or {}, wrong=wrong)


def _one(
    desk: Desk, topic_id: str, status: int = 200, form: dict[str, str] | None = None, wrong: FieldError | None = None
) -> Response:
    record = store.get(desk.here.database, topic_id)
    stored = {"name": record.topic.name, "aliases": "\n".join(record.topic.aliases)}
    return desk.show("topic.html", status, record=record, form=stored if form is None else form, wrong=wrong)
