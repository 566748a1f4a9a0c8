"""``GET /v1/stories/{id}``: the copies of an article, their versions and states."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from services.api.dependencies import Reader, Services
from services.api.pagination import Cursor, Limit, decode_cursor, fetch_page
from services.api.problems import problem_responses
from services.api.schemas.stories import Story, story_copy
from services.contracts import cursors
from services.stories import queries

router = APIRouter(prefix="/v1", tags=["search"])


@router.get("/stories/{story_id:id}", responses=problem_responses(404, 422, 503))
def get_story(story_id: UUID, services: Services, caller: Reader, cursor: Cursor = None, limit: Limit = 50) -> Story:
    """Return a story with its copies in the feeds that the key may see, in the order in which they arrived."""
    after = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: queries.list_copies(services.database, story_id, after=after, limit=size, visible=caller.feeds),
        min(limit, services.settings.api.page_limit),
        lambda copy: cursors.encode(str(copy.id)),
    )
    return Story(id=story_id, copies=[story_copy(copy) for copy in page.items], next=page.next)
