"""``/v1/articles``: push one article or a batch, withdraw and erase."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from services.api.dependencies import Admin, Pusher, Services
from services.api.long_poll import PreferHeader
from services.api.openapi import JOB_LINKS, LOCATION, OPTIONAL_RETRY_AFTER, RETRY_AFTER
from services.api.problems import problem_responses
from services.api.push_answers import answer_batch, answer_push
from services.api.push_bodies import BATCH_BODY, PUSH_BODY
from services.api.push_paths import BATCH_PATH, PUSH_PATH
from services.api.schemas.articles import BatchAnswer, Erasure
from services.api.schemas.jobs import job_view
from services.contracts import FeedName, JobView
from services.jobs import queries
from services.use_cases import articles

router = APIRouter(tags=["articles"])

IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="printable ASCII; the same key with another body is refused",
    ),
]

FeedParameter = Annotated[
    FeedName | None,
    Query(description="the feed of articles that name none, as only Stancewire's own JSON can; else that of the key"),
]


@router.post(
    PUSH_PATH,
    status_code=202,
    response_model=JobView | BatchAnswer,
    responses={
        202: {"model": JobView, "description": "accepted", "links": JOB_LINKS, "headers": LOCATION | RETRY_AFTER},
        200: {
            "model": JobView | BatchAnswer,
            "description": "accepted before, or already done; for a document that can have several articles, a batch",
            "links": JOB_LINKS,
            "headers": {"Location": LOCATION["Location"] | {"required": False}} | OPTIONAL_RETRY_AFTER,
        },
        **problem_responses(400, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra=PUSH_BODY,
)
async def push_article(
    request: Request,
    services: Services,
    caller: Pusher,
    feed: FeedParameter = None,
    idempotency_key_header: IdempotencyHeader = None,
    prefer: PreferHeader = None,
) -> Response:
    """Accept an article in any format.

    202: it is stored, and its job will reach one final state, with a result or a reason. 200: the same article was
    accepted before, or (``Prefer: wait``) its job finished in time. A document of a kind that can have several articles
    (RSS, a list) is answered with 200 like a batch, however many it has.
    """
    return await answer_push(request, services, caller, feed, idempotency_key_header, prefer)


@router.post(
    BATCH_PATH,
    response_model=BatchAnswer,
    response_model_exclude_none=True,
    responses={200: {"headers": OPTIONAL_RETRY_AFTER}, **problem_responses(400, 408, 413, 415, 422, 503)},
    openapi_extra=BATCH_BODY,
)
async def push_batch(
    request: Request,
    response: Response,
    services: Services,
    caller: Pusher,
    feed: FeedParameter = None,
    idempotency_key_header: IdempotencyHeader = None,
) -> BatchAnswer:
    """Accept many articles: one JSON object per line, or a document of any format. Each has its own status.

    No article affects the others. If articles are refused that may be accepted later, the answer has ``Retry-After``,
    and each of them ``retry_after``.
    """
    return await answer_batch(request, response, services, caller, feed, idempotency_key_header)


@router.post("/v1/articles/{article_id:id}:withdraw", status_code=204, responses=problem_responses(404, 410, 422, 503))
def withdraw_article(article_id: UUID, services: Services, caller: Pusher) -> None:
    """Withdraw an article: its results answer 410 from now on, and its open jobs are canceled."""
    articles.withdraw(services.use_case_context, article_id, caller)


@router.post("/v1/articles/{article_id:id}:reinstate", responses=problem_responses(404, 409, 410, 422, 503))
def reinstate_article(article_id: UUID, services: Services, caller: Pusher) -> JobView:
    """Undo a withdrawal, or release an article that is withheld or under an embargo, and return its job.

    Its result is valid again, and follows in the list of results under a new number. An article without a result is
    read. 409: it is neither withdrawn nor held, or its body is not kept any more.
    """
    job_id = articles.reinstate(services.use_case_context, article_id, caller)
    return job_view(queries.job(services.database, job_id))


@router.delete("/v1/articles/{article_id:id}", responses=problem_responses(404, 410, 422, 503))
def erase_article(article_id: UUID, services: Services, caller: Admin) -> Erasure:
    """Erase an article with its jobs and results, for good. Its ID and theirs answer 410 from now on."""
    erased = articles.erase(services.use_case_context, article_id, caller)
    return Erasure(article_id=article_id, jobs=erased.jobs, results=erased.results, log_emptied=erased.clean)
