"""``/v1/topics``: the topics that articles are matched against."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from services.api.dependencies import Admin, Reader, Services
from services.api.pagination import Cursor, Limit, decode_cursor, fetch_page
from services.api.problems import problem_responses
from services.api.schemas.topics import NewTopic, TopicChange, TopicPage, TopicView
from services.contracts import TopicId, cursors
from services.topics import store
from services.use_cases import topics

router = APIRouter(prefix="/v1/topics", tags=["topics"])

Id = Annotated[TopicId, Path(description="the topic's ID")]


@router.post("", status_code=201, responses=problem_responses(400, 409, 413, 415, 422, 503))
def add_topic(new: NewTopic, services: Services, caller: Admin, response: Response) -> TopicView:
    """Register a topic; articles analysed from now on are matched against it.

    409: the topic exists, or too many topics are active.
    """
    record = topics.add(services.use_case_context, name=new.name, aliases=new.aliases, claim=new.claim, caller=caller)
    response.headers["Location"] = f"/v1/topics/{record.topic.id}"
    return TopicView.of(record)


@router.get("", responses=problem_responses(422, 503))
def list_topics(
    services: Services,
    _caller: Reader,
    state: Annotated[Literal["active", "retired"] | None, Query(description="only these")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> TopicPage:
    """List topics, active and retired."""
    retired = None if state is None else state == "retired"
    after = decode_cursor(cursors.decode, cursor) or ""
    page = fetch_page(
        lambda size: store.list_topics(services.database, retired=retired, after=after, limit=size),
        min(limit, services.settings.api.page_limit),
        lambda record: cursors.encode(record.topic.id),
    )
    return TopicPage(items=[TopicView.of(record) for record in page.items], next=page.next)


@router.get("/{topic_id}", responses=problem_responses(404, 422, 503))
def get_topic(topic_id: Id, services: Services, _caller: Reader) -> TopicView:
    """Return one topic."""
    return TopicView.of(store.get(services.database, topic_id))


@router.patch("/{topic_id}", responses=problem_responses(400, 404, 409, 413, 415, 422, 503))
def change_topic(topic_id: Id, change: TopicChange, services: Services, caller: Admin) -> TopicView:
    """Change the name or aliases of a topic, retire it, or make it active again.

    Results of earlier analyses stay as they are until their articles are reanalysed.
    """
    record = topics.change(
        services.use_case_context,
        topic_id,
        name=change.name,
        aliases=change.aliases,
        retired=change.retired,
        caller=caller,
    )
    return TopicView.of(record)


@router.delete("/{topic_id}", status_code=204, responses=problem_responses(404, 422, 503))
def retire_topic(topic_id: Id, services: Services, caller: Admin) -> None:
    """Retire a topic: its stances stay, and no further article is matched against it. Repeating it is not an error."""
    topics.retire(services.use_case_context, topic_id, caller)
