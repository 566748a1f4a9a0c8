"""``GET /v1/articles``: articles that were accepted, by ID and by the guid of their feed."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.api.dependencies import Reader, Services
from services.api.pagination import Cursor, Limit, decode_cursor, fetch_page
from services.api.problems import problem_responses
from services.api.schemas.articles import ArticlePage, ArticleView, article_view
from services.contracts import FeedName, cursors
from services.contracts.base import Identifier
from services.jobs import article_queries

router = APIRouter(prefix="/v1", tags=["articles"])


@router.get("/articles", responses=problem_responses(422, 503))
def list_articles(
    services: Services,
    caller: Reader,
    guid: Annotated[Identifier, Query(description="the identifier that the feed gave to the story")],
    feed: FeedName | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ArticlePage:
    """List what feeds pushed under a guid: every version and revision, newest first."""
    before = decode_cursor(cursors.decode_id, cursor)
    page = fetch_page(
        lambda size: article_queries.list_articles(
            services.database, guid=guid, feed=feed, before=before, limit=size, visible=caller.feeds
        ),
        min(limit, services.settings.api.page_limit),
        lambda article: cursors.encode(str(article.id)),
    )
    return ArticlePage(items=[article_view(article) for article in page.items], next=page.next)


@router.get("/articles/{article_id:id}", responses=problem_responses(404, 410, 422, 503))
def get_article(
    article_id: UUID,
    services: Services,
    caller: Reader,
    embed: Annotated[Literal["body"] | None, Query(description="body: the answer contains the text")] = None,
) -> ArticleView:
    """Return an article with its jobs."""
    article = article_queries.article(services.database, article_id, caller.feeds)
    return article_view(article, article_queries.body(services.database, article_id) if embed else None)
