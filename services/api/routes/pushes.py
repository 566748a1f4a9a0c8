"""``/v1/push``: pushes of senders that sign what they send instead of having a key, and the requests of hubs.

Superdesk and hubs do nothing about an error in an article: they drop it, or send it again and again. So a document that
cannot be read is accepted and kept with the reason, where an operator sees it (decision 19).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from services.api.client_address import client_network
from services.api.dependencies import ApiServices, Services
from services.api.long_poll import PreferHeader
from services.api.problems import Problem, ProblemError, problem_responses
from services.api.push_answers import answer_push, push_document
from services.api.push_bodies import PUSH_BODY
from services.api.pushed_documents import read_document
from services.api.schemas.articles import BatchAnswer
from services.contracts import FeedName, JobView
from services.errors import NotFound, Refused
from services.feeds import refusals
from services.feeds.refusals import NewRefusal, RefusedDocument
from services.sources import store
from services.sources.records import Source, SourceKind
from services.sources.signatures import SignatureInvalid, is_signed_by_hub
from services.use_cases import sources

router = APIRouter(prefix="/v1/push", tags=["articles"])
log = structlog.get_logger(__name__)

Feed = Annotated[FeedName, Path()]
Callback = Annotated[
    str, Path(pattern="^[A-Za-z0-9_-]+$", max_length=64, description="the last part of the callback of a subscription")
]
_LATER: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_RETRY_S: Final = 60
_LEASE_MAX: Final = 2**31 - 1
_SIGNATURE_MAX: Final = 500
_ANY_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Taken(BaseModel):
    """The outcome of a push: the jobs of its articles, and the reasons of those that were not accepted."""

    jobs: list[UUID]
    kept: list[str] = []


@router.post(
    "/{feed}",
    status_code=202,
    response_model=JobView | BatchAnswer,
    responses={
        200: {"model": JobView | BatchAnswer, "description": "as for `/v1/articles`"},
        **problem_responses(400, 401, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra=PUSH_BODY,
)
async def push_signed(feed: Feed, request: Request, services: Services, prefer: PreferHeader = None) -> Response:
    """Accept what a sender pushes with the headers of Standard Webhooks 1.0 instead of a key.

    The answer is that of ``/v1/articles``; ``webhook-id`` has the effect of ``Idempotency-Key``, so that a message that
    is sent again is accepted once.
    """
    body = await request.body()
    try:
        source, message_id = await run_in_threadpool(services.push_verifier.signed, feed, request.headers, body)
    except SignatureInvalid as error:
        await run_in_threadpool(_note_invalid, services, request, feed, SourceKind.SIGNED, error)
        raise
    structlog.contextvars.bind_contextvars(feed=feed, source=source.id)
    services.recorder.note_source(source.id)
    return await answer_push(request, services, source.caller, feed, message_id, prefer)


@router.post(
    "/superdesk/{feed}",
    status_code=201,
    responses=problem_responses(408, 413, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def push_superdesk(
    feed: Feed,
    request: Request,
    services: Services,
    signature: Annotated[str | None, Header(alias="x-superdesk-signature", max_length=_SIGNATURE_MAX)] = None,
) -> Taken:
    """Accept an item that Superdesk pushes by HTTP Push.

    Superdesk drops an item for good at any 4xx and repeats it after a 5xx: whatever may succeed later, a wrong
    signature included, is answered with 503. An item that cannot be read is answered with 201 and kept.
    """
    body = await request.body()
    try:
        source = await run_in_threadpool(services.push_verifier.superdesk, feed, signature, body)
    except SignatureInvalid as error:
        await run_in_threadpool(_note_invalid, services, request, feed, SourceKind.SUPERDESK, error)
        raise Refused(error.detail, code=error.code, status=503, retry_after=_RETRY_S) from error
    return await _take(services, source, request, body, keeps_items=True)


@router.get(
    "/superdesk/{feed}/assets/{media_id:path}", response_class=PlainTextResponse, responses=problem_responses(422)
)
async def has_asset(feed: Feed, media_id: Annotated[str, Path(max_length=2_000)]) -> str:
    """Tell Superdesk that a picture is here already, so that it sends none: only texts are analysed."""
    del feed, media_id
    return "pictures are not needed"


@router.post(
    "/superdesk/{feed}/assets",
    status_code=201,
    response_class=PlainTextResponse,
    responses=problem_responses(408, 413, 422),
    openapi_extra=_ANY_BODY,
)
async def drop_asset(feed: Feed) -> str:
    """Drop a picture that Superdesk sends without asking whether it is here."""
    del feed
    return "pictures are not needed"


@router.get("/websub/{callback}", response_class=PlainTextResponse, responses=problem_responses(404, 422, 503))
def answer_hub(
    callback: Callback,
    services: Services,
    mode: Annotated[str, Query(alias="hub.mode", max_length=20)],
    topic: Annotated[str, Query(alias="hub.topic", max_length=2_000)],
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=2_000)] = "",
    lease_s: Annotated[int | None, Query(alias="hub.lease_seconds", ge=0, le=_LEASE_MAX)] = None,
    reason: Annotated[str, Query(alias="hub.reason", max_length=2_000)] = "",
) -> str:
    """Confirm to a hub that a subscription, or its end, is wanted (WebSub, section 5.3)."""
    is_confirmed = sources.confirm_intent(
        services.use_case_context, callback, mode, topic, lease_s=lease_s, reason=" ".join(reason.split())
    )
    if not is_confirmed:
        raise NotFound("no such subscription is wanted")
    return challenge


@router.post(
    "/websub/{callback}", status_code=202, responses=problem_responses(408, 410, 413, 422, 503), openapi_extra=_ANY_BODY
)
async def push_from_hub(
    callback: Callback,
    request: Request,
    services: Services,
    signature: Annotated[str | None, Header(alias="X-Hub-Signature", max_length=_SIGNATURE_MAX)] = None,
) -> Taken:
    """Accept what a hub pushes for a subscription.

    A push without a valid signature is acknowledged and ignored, as WebSub asks (section 8); 410 ends a subscription
    that is not wanted any more.
    """
    subscription = await run_in_threadpool(store.by_callback, services.database, callback)
    if subscription is None or not sources.is_wanted(subscription[0]):
        raise ProblemError(410, "subscription_ended", "this subscription has ended")
    source, secret = subscription
    body = await request.body()
    if not is_signed_by_hub(secret, body, signature):
        reason = "the hub's signature is wrong" if signature else "X-Hub-Signature: is missing"
        services.recorder.note_refusal(NewRefusal(source.feed, "signature_invalid", reason, source=source.id))
        return Taken(jobs=[], kept=[])
    if not body.strip():  # some hubs only say that there is news
        await run_in_threadpool(sources.check_soon, services.use_case_context, source.feed, source.id)
        return Taken(jobs=[], kept=[])
    return await _take(services, source, request, body, keeps_items=False)


async def _take(services: ApiServices, source: Source, request: Request, body: bytes, *, keeps_items: bool) -> Taken:
    """Push a document of a sender that does nothing about errors.

    ``keeps_items``: keep the document also if only some of its items cannot be read. Raises `Refused` (503) if it
    should be sent again.
    """
    structlog.contextvars.bind_contextvars(feed=source.feed, source=source.id)
    services.recorder.note_source(source.id)
    limits, media_type = services.settings.limits, request.headers.get("content-type", "")
    try:
        document = await run_in_threadpool(read_document, body, media_type, limits, source.feed, is_batch=False)
        answer = await push_document(services, source.caller, document, None, body, notes_refusals=False)
    except ProblemError as error:
        await run_in_threadpool(_keep, services, source, error.problem, body, media_type)
        return Taken(jobs=[], kept=[error.problem.detail])
    except Refused as refusal:
        raise Refused(refusal.detail, code=refusal.code, status=503, retry_after=refusal.retry_after) from refusal
    problems = [item.problem for item in answer.items if item.problem is not None]
    for problem in problems:
        if problem.status in _LATER:
            raise Refused(problem.detail, code=problem.code, status=503, retry_after=_RETRY_S)
    name = document.feed_format.name
    unread = [problem for problem in problems if keeps_items and problem.code != "no_text"]
    if unread:
        await run_in_threadpool(_keep, services, source, unread[0], body, media_type, name)
    for problem in problems:
        if problem not in unread:
            services.recorder.note_refusal(NewRefusal(source.feed, problem.code, problem.detail, name, source.id))
    return Taken(
        jobs=[UUID(item.job_id) for item in answer.items if item.job_id is not None],
        kept=[problem.detail for problem in problems],
    )


def _keep(
    services: ApiServices, source: Source, problem: Problem, body: bytes, media_type: str, format_name: str = ""
) -> None:
    """Keep a document with the reason why it was not accepted. Raises `StoreUnavailable`, so that it is sent again."""
    log.warning("push_kept", source=source.id, feed=source.feed, code=problem.code, reason=problem.detail)
    document = RefusedDocument(body, media_type)
    refusal = NewRefusal(source.feed, problem.code, problem.detail, format_name, source.id, document)
    refusals.note(services.database, [refusal], services.settings.sources)


def _note_invalid(
    services: ApiServices, request: Request, feed: str, kind: SourceKind, error: SignatureInvalid
) -> None:
    """Note a push without a valid signature, for feeds that have such pushes. Raises `Refused` for too many."""
    services.metrics.unauthenticated.labels(error.code).inc()
    if services.push_verifier.has_sources(feed, kind):
        services.recorder.note_refusal(NewRefusal(feed, error.code, error.detail))
    try:
        services.push_verifier.check_failures(client_network(request.scope))
    except Refused as refusal:
        if kind is SourceKind.SUPERDESK:
            raise Refused(refusal.detail, code=refusal.code, status=503, retry_after=refusal.retry_after) from refusal
        raise
