"""`/v1/topics`: what operators register so that statements are read for it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from services.api.dependencies import Services
from services.api.middleware.authentication import Admin, Reader
from services.api.problems import FieldError, ProblemError, responses
from services.api.routes.jobs import Cursor, Limit
from services.api.schemas.topics import NewTopic, TopicChange, TopicPage, TopicView
from services.contracts import TopicId, cursors
from services.topics import store

router = APIRouter(prefix="/v1/topics", tags=["topics"])


Id = Annotated[TopicId, Path(description="the topic's ID")]


@router.post("", status_code=201, responses=responses(400, 409, 413, 415, 422, 503))
def add_topic(new: NewTopic, services: Services, caller: Admin, response: Response) -> TopicView:
    """Register a topic; articles analysed from now on are read for it. 409: it is there already, or too many are active."""
    _few(new.aliases, services.settings.topics.aliases)
    made = store.add(
        services.database,
        name=new.name,
        aliases=new.aliases,
        claim=new.claim,
        limits=services.settings.topics,
        by=caller,
    )
    response.headers["Location"] = f"/v1/topics/{made.topic.id}"
    return TopicView.of(made)


@router.get("", responses=responses(422, 503))
def list_topics(
    services: Services,
    _caller: Reader,
    state: Annotated[Literal["active", "retired"] | None, Query(description="only these")] = None,
    cursor: Annotated[Cursor | None, Query(description="the `next` of the page before")] = None,
    limit: Limit = 50,
) -> TopicPage:
    """Topics, active and retired."""
    size = min(limit, services.settings.api.page_limit)
    try:
        after = cursors.decode(cursor) if cursor else ""
    except ValueError as error:
        raise ProblemError(
            422, "invalid", f"cursor: {error}", errors=[FieldError(field="cursor", reason=str(error))]
        ) from error
    found = store.list_topics(
        services.database, retired=None if state is None else state == "retired", after=after, limit=size + 1
    )
    more = cursors.encode(found[size - 1].topic.id) if len(found) > size else None
    return TopicPage(items=[TopicView.of(record) for record in found[:size]], next=more)


@router.get("/{topic_id}", responses=responses(404, 422, 503))
def get_topic(topic_id: Id, services: Services, _caller: Reader) -> TopicView:
    """One topic."""
    return TopicView.of(store.get(services.database, topic_id))


@router.patch("/{topic_id}", responses=responses(400, 404, 409, 413, 415, 422, 503))
def change_topic(topic_id: Id, change: TopicChange, services: Services, caller: Admin) -> TopicView:
    """Change name or aliases, retire a topic or take it up again. What was analysed before stays until it is reanalysed."""
    _few(change.aliases or [], services.settings.topics.aliases)
    given = {name: getattr(change, name) for name in ("name", "aliases", "retired")}
    return TopicView.of(store.change(services.database, topic_id, **given, limits=services.settings.topics, by=caller))


@router.delete("/{topic_id}", status_code=204, responses=responses(404, 422, 503))
def retire_topic(topic_id: Id, services: Services, caller: Admin) -> None:
    """Retire a topic: no article is read for it any more, the stances that were found stay. Again is no error."""
    store.change(services.database, topic_id, retired=True, limits=services.settings.topics, by=caller)


def _few(aliases: list[str], limit: int) -> None:
    if len(aliases) > limit:
        reason = f"holds {len(aliases)}, and a topic may have {limit}"
        raise ProblemError(422, "invalid", f"aliases: {reason}", errors=[FieldError(field="aliases", reason=reason)])
