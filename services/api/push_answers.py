"""Pushes by HTTP: submits the articles of a request's body and makes the answer, for one article or a batch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import structlog
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import ApiServices
from services.api.long_poll import POLL_AFTER
from services.api.problems import Problem, ProblemError, problem_from_error
from services.api.pushed_documents import PushedDocument, read_document
from services.api.schemas.articles import BatchAnswer, BatchItem
from services.api.schemas.jobs import job_href, job_view
from services.caller import Caller
from services.contracts import FINAL_STATES, Article, JobState, Warned
from services.errors import Refused, StancewireError, StoreUnavailable
from services.feeds.refusals import NewRefusal
from services.ingest.formats.feed_format import ParsedArticle, Record
from services.ingest.submit import BATCH_SCOPE, assign_home_feed, check_length, idempotency_key
from services.jobs import queries
from services.jobs.accept import Acceptance, IdempotencyKey, KeyReused
from services.use_cases import articles

_NOT_NOTED: Final = frozenset({403, 429, 503})  # refusals of the sender, or for now
_CHUNK_SIZE: Final = 200  # articles in one transaction: few enough for other writers to get their turn


async def answer_push(
    request: Request,
    services: ApiServices,
    caller: Caller,
    feed: str | None,
    key_header: str | None,
    prefer: str | None,
) -> Response:
    """Accept what a request pushes, and answer it as ``/v1/articles`` does.

    An article is read and accepted in one visit to another thread, as each visit costs more than reading it.
    """
    body = await request.body()
    push = _Push(services, caller, request, body, feed, key_header)
    try:
        accepted = await run_in_threadpool(push.accept)
    finally:
        structlog.contextvars.bind_contextvars(**push.log_fields)
    if accepted is None:
        answer = await push_document(services, caller, push.document, key_header, body)
        document_headers = _retry_after(answer)
        return Response(
            answer.model_dump_json(exclude_none=True), media_type="application/json", headers=document_headers
        )
    wait_s = 0.0 if accepted.state is JobState.HELD else services.long_poll.granted_wait_s(prefer)
    await services.long_poll.wait(accepted.job_id, wait_s)
    job = None if wait_s else accepted.job
    if job is None:
        job = await run_in_threadpool(queries.job, services.database, accepted.job_id)
    view = job_view(job, accepted.warnings)
    headers = {"Location": job_href(accepted.job_id)}
    if not view.done:
        headers |= POLL_AFTER
    if wait_s:
        headers["Preference-Applied"] = f"wait={wait_s:g}"
    status = 202 if accepted.created and not view.done else 200
    return Response(view.model_dump_json(), status, headers, media_type="application/json")


@dataclass(slots=True)
class _Push:
    """A request that pushes one article, or a document that is answered like a batch."""

    services: ApiServices
    caller: Caller
    request: Request
    body: bytes
    feed: str | None
    key_header: str | None
    log_fields: dict[str, str] = field(default_factory=dict)  # what is known so far
    document: PushedDocument = field(init=False)

    def accept(self) -> Acceptance | None:
        """Read the document and accept its article; None for a document that is answered like a batch.

        Raises `ProblemError` and `StancewireError`.
        """
        self.document, parsed = _read_push(self.services, self.caller, self.request, self.body, self.feed)
        if parsed is None:
            return None
        services, article = self.services, assign_home_feed(parsed.article, self.caller)
        self.log_fields["feed"] = article.feed
        check_length(article, services.settings.limits)
        key = idempotency_key(self.caller, article.feed, self.key_header, self.body)
        with structlog.contextvars.bound_contextvars(feed=article.feed):
            [accepted] = articles.submit(services.use_case_context, services.intake, [article], self.caller, key)
        if isinstance(accepted, StancewireError):
            raise accepted
        services.recorder.note_document(article.feed, self.document.feed_format.name)
        self.log_fields["job"] = str(accepted.job_id)
        return replace(accepted, warnings=parsed.warnings + accepted.warnings)


async def answer_batch(
    request: Request,
    response: Response,
    services: ApiServices,
    caller: Caller,
    feed: str | None,
    key_header: str | None,
) -> BatchAnswer:
    """Accept what a request pushes as a batch, and answer it as ``/v1/articles:batch`` does."""
    body = await request.body()
    document, _ = await run_in_threadpool(_read_push, services, caller, request, body, feed, is_batch=True)
    answer = await push_document(services, caller, document, key_header, body)
    response.headers.update(_retry_after(answer))
    return answer


def _read_push(
    services: ApiServices, caller: Caller, request: Request, body: bytes, feed: str | None, *, is_batch: bool = False
) -> tuple[PushedDocument, ParsedArticle | None]:
    """Return the document, and its article unless it is answered like a batch. Raises `ProblemError`."""
    content_type = request.headers.get("content-type", "")
    try:
        document = read_document(body, content_type, services.settings.limits, feed, is_batch=is_batch)
    except ProblemError as error:
        _note_refusal(services, caller, feed, error.problem)
        raise
    if document.is_container:
        return document, None
    try:
        return document, document.parse(document.records[0])
    except ProblemError as error:
        _note_refusal(services, caller, feed, error.problem, document.feed_format.name)
        raise


async def push_document(
    services: ApiServices,
    caller: Caller,
    document: PushedDocument,
    key_header: str | None,
    body: bytes,
    *,
    notes_refusals: bool = True,
) -> BatchAnswer:
    """Push the records of a document in transactions of some articles each.

    Raises `Refused` and `StoreUnavailable` if nothing was accepted, and `KeyReused`.
    """
    key = idempotency_key(caller, BATCH_SCOPE, key_header, body)
    items: list[BatchItem] = []
    for start in range(0, len(document.records), _CHUNK_SIZE):
        chunk = document.records[start : start + _CHUNK_SIZE]
        push = partial(_push_chunk, services, caller, document, chunk, key, is_first=start == 0)
        items += await run_in_threadpool(push)
    if notes_refusals:
        for item in items:
            _note_refusal(services, caller, document.options.feed, item.problem, document.feed_format.name)
    return BatchAnswer(errors=any(item.problem is not None for item in items), items=items)


def _push_chunk(
    services: ApiServices,
    caller: Caller,
    document: PushedDocument,
    records: list[Record],
    key: IdempotencyKey | None,
    *,
    is_first: bool,
) -> list[BatchItem]:
    """Push the articles of some records in one transaction and return an item for each record.

    Raises `KeyReused`; for the first chunk also `Refused` and `StoreUnavailable`, as nothing of the batch was accepted.
    """
    items: dict[int, BatchItem] = {}
    batch: dict[int, Article] = {}
    warnings: dict[int, tuple[Warned, ...]] = {}
    for record in records:
        try:
            parsed = document.parse(record)
            article = assign_home_feed(parsed.article, caller)
            check_length(article, services.settings.limits)
        except (ProblemError, StancewireError) as error:
            items[record.number] = _refused_item(services, record.number, error)
        else:
            batch[record.number] = article
            warnings[record.number] = parsed.warnings
    answers: list[Acceptance | StancewireError]
    try:
        answers = articles.submit(services.use_case_context, services.intake, list(batch.values()), caller, key)
    except KeyReused:
        raise
    except StancewireError as error:
        if is_first and isinstance(error, StoreUnavailable | Refused):
            raise
        answers = [error] * len(batch)
    for number, answer in zip(batch, answers, strict=True):
        if isinstance(answer, StancewireError):
            items[number] = _refused_item(services, number, answer)
        else:
            items[number] = _accepted_item(number, answer, warnings[number])
    if is_first:
        _note_document(services, document, {batch[number].feed for number in batch if not items[number].problem})
    return [items[number] for number in sorted(items)]


def _note_document(services: ApiServices, document: PushedDocument, feeds: set[str]) -> None:
    """Count a document of which articles of these feeds were accepted."""
    for feed in feeds:
        services.recorder.note_document(feed, document.feed_format.name)


def _note_refusal(
    services: ApiServices, caller: Caller, feed: str | None, problem: Problem | None, format_name: str = ""
) -> None:
    """Note that an article or a document was refused, if its feed is known and the refusal is about the document."""
    name = feed or caller.home_feed()
    if problem is not None and problem.status not in _NOT_NOTED and name is not None and caller.sees(name):
        services.recorder.note_refusal(NewRefusal(name, problem.code, problem.detail, format_name))


def _accepted_item(number: int, answer: Acceptance, warnings: tuple[Warned, ...]) -> BatchItem:
    return BatchItem(
        line=number,
        status=202 if answer.created and answer.state not in FINAL_STATES else 200,
        job_id=str(answer.job_id),
        href=job_href(answer.job_id),
        warnings=warnings + answer.warnings,
    )


def _refused_item(services: ApiServices, number: int, error: ProblemError | StancewireError) -> BatchItem:
    answer = problem_from_error(error, push=True) if isinstance(error, StancewireError) else error
    problem, retry_after = answer.problem, answer.headers.get("Retry-After")
    services.metrics.refused.labels(problem.code).inc()
    return BatchItem(
        line=number, status=problem.status, problem=problem, retry_after=int(retry_after) if retry_after else None
    )


def _retry_after(answer: BatchAnswer) -> dict[str, str]:
    """Return the header that says when all refused articles of a batch may be sent again, if any may."""
    delays = [item.retry_after for item in answer.items if item.retry_after is not None]
    return {"Retry-After": str(max(delays))} if delays else {}
