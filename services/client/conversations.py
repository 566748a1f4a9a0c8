"""Calls of several requests, without sending them: each yields operations and pauses, and is sent the answers."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar
from uuid import uuid4

from . import operations
from .documents import Result
from .errors import ApiError, BatchInterrupted, JobFailed, StancewireError, WaitTimedOut
from .models import Batch, BatchItem, Job
from .operations import LONG_POLL_S, Id, Operation, PushedArticle, article_json
from .retries import RetryPolicy

T = TypeVar("T")

_POLL_S: Final = 1.0  # between requests that the service answers without waiting
_BATCH_BYTES: Final = 8_000_000
_REFUSED: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Pause:
    """A step of a conversation: wait this many seconds."""

    seconds: float


Conversation = Generator["Operation[Any] | Pause", Any, T]


def id_of(job: Job | Id) -> Id:
    """Return the ID of a job."""
    return job.id if isinstance(job, Job) else job


def wait(job: Job | Id, timeout_s: float | None) -> Conversation[Job]:
    """Wait until a job is done. Raises `WaitTimedOut`."""
    end = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        began = time.monotonic()
        remaining_s = LONG_POLL_S if end is None else max(0.0, end - began)
        current: Job = yield operations.get_job(id_of(job), wait_s=min(LONG_POLL_S, remaining_s))
        if current.done:
            return current
        now = time.monotonic()
        if end is not None and now >= end:
            raise WaitTimedOut(current, timeout_s or 0.0)
        pause_s = _POLL_S - (now - began)
        if pause_s > 0:  # too many requests wait already, or less than a second is left
            yield Pause(pause_s if end is None else min(pause_s, end - now))


def result(job: Job | Id, timeout_s: float | None) -> Conversation[Result]:
    """Return the result of a job. Unless ``timeout_s`` is 0, wait for it. Raises `WaitTimedOut` and `JobFailed`."""
    if timeout_s != 0:
        finished = yield from wait(job, timeout_s)
        if not finished.succeeded:
            raise JobFailed(finished)
    document: Result = yield operations.get_result(id_of(job))
    return document


def analyse(article: PushedArticle, *, feed: str | None, timeout_s: float | None) -> Conversation[Result]:
    """Push an article, wait for its job, and return the result."""
    began = time.monotonic()
    wait_s = LONG_POLL_S if timeout_s is None else min(LONG_POLL_S, timeout_s)
    job: Job = yield operations.push(article, feed=feed, wait_s=wait_s, idempotency_key=None)
    if not job.done:
        # At least one request, so that a time-out is that of the job.
        remaining_s = None if timeout_s is None else max(0.001, timeout_s - (time.monotonic() - began))
        job = yield from wait(job, remaining_s)
    if not job.succeeded:
        raise JobFailed(job)
    document: Result = yield operations.get_result(job.id)
    return document


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    content: bytes


def push_batch(
    articles: Iterable[PushedArticle], *, feed: str | None, idempotency_key: str | None, size: int, retries: RetryPolicy
) -> Conversation[Batch]:
    """Push articles in requests of at most ``size``, and return one outcome for each, in order.

    Articles that are refused for the moment are pushed again as ``retries`` says. Raises the error of the first
    request; for that of a later one `BatchInterrupted`, with the outcomes up to then.
    """
    prefix = idempotency_key or uuid4().hex
    items: list[BatchItem] = []
    try:
        for lines in _chunks(articles, size):
            items += yield from _push_lines(lines, feed=feed, prefix=f"{prefix}-{lines[0].number}", retries=retries)
    except StancewireError as error:
        if not items:
            raise
        raise BatchInterrupted(_batch(items), error) from error
    return _batch(items)


def _push_lines(
    lines: list[_Line], *, feed: str | None, prefix: str, retries: RetryPolicy
) -> Conversation[list[BatchItem]]:
    outcomes: list[BatchItem] = []
    attempt = 1
    while True:
        content = b"\n".join(line.content for line in lines)
        # The lines differ from attempt to attempt, so the key does, too.
        key = prefix if attempt == 1 else f"{prefix}-{attempt}"
        answer: Batch = yield operations.push_lines(content, feed=feed, idempotency_key=key)
        items = [item.model_copy(update={"line": line.number}) for item, line in zip(answer.items, lines, strict=True)]
        refused = {item.line: item.error for item in items if item.status in _REFUSED and item.error}
        delay_s = max((_delay_s(retries, attempt, error) for error in refused.values()), default=-1.0)
        if delay_s < 0:
            return outcomes + items
        outcomes += [item for item in items if item.line not in refused]
        lines = [line for line in lines if line.number in refused]
        attempt += 1
        yield Pause(delay_s)


def _delay_s(retries: RetryPolicy, attempt: int, error: ApiError) -> float:
    """Return how long to wait before an article is pushed again; -1 if it is not."""
    delay_s = retries.delay_s(attempt, error)
    return -1.0 if delay_s is None else delay_s


def _chunks(articles: Iterable[PushedArticle], size: int) -> Iterator[list[_Line]]:
    """Yield the articles as lines, in lists of at most ``size`` and some megabytes."""
    chunk: list[_Line] = []
    length = 0
    for number, article in enumerate(articles, 1):
        line = _Line(number, article_json(article))
        if chunk and (len(chunk) >= size or length + len(line.content) > _BATCH_BYTES):
            yield chunk
            chunk, length = [], 0
        chunk.append(line)
        length += len(line.content) + 1
    if chunk:
        yield chunk


def _batch(items: list[BatchItem]) -> Batch:
    ordered = sorted(items, key=lambda item: item.line)
    return Batch(errors=any(item.problem is not None for item in ordered), items=tuple(ordered))
