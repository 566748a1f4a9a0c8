"""``POST /v1/articles`` and ``POST /v1/articles:batch``: push articles in."""

from __future__ import annotations

import hashlib
import math
from functools import partial
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import ApiServices, Services
from services.api.long_poll import PreferHeader
from services.api.middleware.authentication import Pusher
from services.api.ndjson import parse_line, split_lines
from services.api.openapi import JOB_LINKS, LOCATION, RETRY_AFTER
from services.api.problems import FieldError, Problem, ProblemError, from_error, responses
from services.api.schemas.jobs import job_href, job_view
from services.caller import Caller
from services.contracts import Article, JobView, Warned
from services.errors import Forbidden, Refused, StancewireError, StoreUnavailable
from services.feeds.store import Feed
from services.jobs import queries
from services.jobs.accept import Acceptance, IdempotencyKey, KeyReused, accept

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1", tags=["articles"])

PUSH_PATH: Final = "/v1/articles"
BATCH_PATH: Final = "/v1/articles:batch"
_CHUNK: Final = 200  # articles a transaction: long enough to be quick, short enough to let others write
_POLL_AFTER: Final = {"Retry-After": "1"}

IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="printable ASCII; the same key with another body is refused",
    ),
]


class BatchItem(BaseModel):
    """The answer to one line (``line`` counts from 1, blank ones included): its status and either the job or the problem."""

    line: int
    status: int
    job_id: str | None = None
    href: str | None = None
    warnings: tuple[Warned, ...] = ()
    problem: Problem | None = None


class BatchAnswer(BaseModel):
    """The answer to a batch."""

    errors: bool
    items: list[BatchItem]


@router.post(
    "/articles",
    status_code=202,
    response_model=JobView,
    responses={
        202: {"description": "it is in the ledger", "links": JOB_LINKS, "headers": LOCATION | RETRY_AFTER},
        200: {"model": JobView, "description": "it was there, or is done", "links": JOB_LINKS, "headers": LOCATION},
        **responses(400, 413, 415, 422, 429, 503),
    },
)
async def push_article(
    article: Article,
    request: Request,
    response: Response,
    services: Services,
    caller: Pusher,
    idempotency_key: IdempotencyHeader = None,
    prefer: PreferHeader = None,
) -> JobView:
    """Take one article in. 202: it is in the ledger and will have one result or one visible final state.

    200: it was there already, or (``Prefer: wait``) was finished in time.
    """
    structlog.contextvars.bind_contextvars(feed=article.feed)
    check_length(article, services)
    article = _at_home(article, caller)
    key = _key(caller, article.feed, idempotency_key, await request.body())
    [answer] = await run_in_threadpool(take_in, services, caller, [article], key)
    if isinstance(answer, StancewireError):
        raise answer
    structlog.contextvars.bind_contextvars(job=str(answer.job_id))
    log.debug("article_accepted", created=answer.created)
    services.dispatch.nudge()
    seconds = services.waiter.granted(prefer)
    done = await services.waiter.wait(answer.job_id, seconds)
    view = job_view(await run_in_threadpool(queries.job, services.database, answer.job_id), answer.warnings)
    if answer.created and not done:
        response.status_code = 202
    else:
        response.status_code = 200
    response.headers["Location"] = job_href(answer.job_id)
    if not view.done:
        response.headers.update(_POLL_AFTER)
    if seconds:
        response.headers["Preference-Applied"] = f"wait={seconds:g}"
    return view


@router.post(
    "/articles:batch",
    response_model=BatchAnswer,
    response_model_exclude_none=True,
    responses=responses(400, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string", "description": "one Article a line"}}},
        }
    },
)
async def push_batch(
    request: Request, services: Services, caller: Pusher, idempotency_key: IdempotencyHeader = None
) -> BatchAnswer:
    """Take many articles in, one JSON object a line. Each line has its own status; a bad line does not spoil the others."""
    body = await request.body()
    lines = split_lines(body, services.settings.limits)
    key = _key(caller, "*batch", idempotency_key, body)
    items: list[BatchItem] = []
    for start in range(0, len(lines), _CHUNK):
        chunk = lines[start : start + _CHUNK]
        items += await run_in_threadpool(partial(_push_chunk, services, caller, chunk, key, first=start == 0))
        services.dispatch.nudge()
    return BatchAnswer(errors=any(item.problem is not None for item in items), items=items)


def _push_chunk(
    services: ApiServices, caller: Caller, lines: list[tuple[int, bytes]], key: IdempotencyKey | None, *, first: bool
) -> list[BatchItem]:
    items: dict[int, BatchItem] = {}
    articles: dict[int, Article] = {}
    for number, line in lines:
        try:
            articles[number] = _at_home(parse_line(line, services.settings.limits), caller)
            check_length(articles[number], services)
        except ProblemError as error:
            articles.pop(number, None)
            items[number] = _refused_item(services, number, error)
    try:
        answers = take_in(services, caller, list(articles.values()), key)
    except KeyReused:
        raise
    except StancewireError as error:
        if first and isinstance(error, StoreUnavailable | Refused):
            raise  # nothing was taken in at all: the batch as a whole is refused
        answers = [error] * len(articles)
    for number, answer in zip(articles, answers, strict=True):
        if isinstance(answer, StancewireError):
            items[number] = _refused_item(services, number, from_error(answer))
        else:
            log.debug("article_accepted", feed=articles[number].feed, job=str(answer.job_id), created=answer.created)
            items[number] = BatchItem(
                line=number,
                status=202 if answer.created else 200,
                job_id=str(answer.job_id),
                href=job_href(answer.job_id),
                warnings=answer.warnings,
            )
    return [items[number] for number in sorted(items)]


def take_in(
    services: ApiServices, caller: Caller, batch: list[Article], key: IdempotencyKey | None
) -> list[Acceptance | StancewireError]:
    """Through the gate and into the ledger; an answer for each article, in order."""
    services.gate.check_all()
    feeds = {article.feed for article in batch}
    barred: dict[str, StancewireError] = {
        feed: Forbidden(f"the key may not push to the feed {feed!r}", code="feed_forbidden")
        for feed in feeds
        if not caller.sees(feed)
    }
    known = services.feeds.of(feeds - barred.keys(), caller)
    barred |= services.gate.full(known, {name: feed.queued_limit for name, feed in known.items()})
    refused = [barred.get(article.feed) or _too_fast(services, known[article.feed]) for article in batch]
    admitted = [article for article, refusal in zip(batch, refused, strict=True) if refusal is None]
    accepted = iter(accept(services.database, admitted, key) if admitted else ())
    return [next(accepted) if refusal is None else refusal for refusal in refused]


def _too_fast(services: ApiServices, feed: Feed) -> Refused | None:
    """The refusal of an article that is one too many for its feed at this moment."""
    wait_s = services.feed_rates.take(feed.name, feed.rate_per_s or 0)
    if not wait_s:
        return None
    detail = f"feed {feed.name!r} may push {feed.rate_per_s:g} articles a second"
    return Refused(detail, code="feed_rate", status=429, retry_after=math.ceil(wait_s))


def _at_home(article: Article, caller: Caller) -> Article:
    """The article, in its sender's feed where it names none and the sender has just one."""
    home = caller.home_feed()
    return article if home is None or "feed" in article.model_fields_set else article.model_copy(update={"feed": home})


def _refused_item(services: ApiServices, number: int, error: ProblemError) -> BatchItem:
    services.metrics.refused.labels(error.problem.code).inc()
    return BatchItem(line=number, status=error.problem.status, problem=error.problem)


def check_length(article: Article, services: ApiServices) -> None:
    """Raise ProblemError (413) for a body longer than the setting allows."""
    limit = services.settings.limits.text_chars
    if len(article.body) > limit:
        reason = f"has {len(article.body)} characters; {limit} are allowed"
        raise ProblemError(413, "text_too_long", f"body: {reason}", errors=[FieldError(field="body", reason=reason)])


def _key(caller: Caller, feed: str, key: str | None, body: bytes) -> IdempotencyKey | None:
    """The sender's own name for this request: two senders, or one in two feeds, never meet in it."""
    if key is None:
        return None
    scope = hashlib.sha256(f"{caller.key_id}\x00{feed}".encode()).hexdigest()[:40]
    return IdempotencyKey(scope, key, hashlib.sha256(body).hexdigest())
