"""A story: its copies in all feeds, their versions, and what became of each."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.api.pagination import decode_cursor, fetch_page
from services.console.error_pages import PageRoute
from services.console.page_context import ReaderPage
from services.contracts import cursors
from services.stories import queries

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE_SIZE: Final = 50


@router.get("/stories/{story_id}")
def show_story(story_id: UUID, context: ReaderPage, cursor: str | None = None) -> Response:
    """Show the copies of a story in the feeds that the visitor may see."""
    after = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda limit: queries.list_copies(
            context.services.database, story_id, after=after, limit=limit, visible=context.visitor.feeds
        ),
        _PAGE_SIZE,
        lambda copy: cursors.encode(str(copy.id)),
    )
    title = next((version.title for copy in page.items for version in reversed(copy.versions) if version.title), None)
    return context.render(
        "story.html",
        story_id=story_id,
        title=title,
        copies=page.items,
        next_cursor=page.next,
        is_first_page=after is None,
    )
