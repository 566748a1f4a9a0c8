"""The client for programs with an event loop, of asyncio or Trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import anyio
import httpx

from . import conversations, operations, pages
from .configuration import http_arguments
from .conversations import Conversation, Pause, id_of
from .documents import Result
from .errors import ConnectionFailed, StancewireError
from .feed_calls import AsyncFeedCalls
from .models import Batch, Job, ResultItem, StoredArticle, Tombstone
from .operations import Id, Operation, PushedArticle
from .pages import AsyncItems
from .retries import RetryPolicy
from .search_calls import AsyncSearchCalls
from .streams import AsyncResultStream
from .subscription_calls import AsyncSubscriptionCalls

T = TypeVar("T")


class AsyncClient(AsyncSearchCalls, AsyncFeedCalls, AsyncSubscriptionCalls):
    """A connection to the service; use it in an ``async with`` block, or await `close`.

    url: the address of the service; by default ``STANCEWIRE_URL``, else this machine.
    key: the API key; by default ``STANCEWIRE_KEY``. An empty key sends none.
    timeout_s: how long an answer may take, in seconds, beyond the time that the service is asked to wait.
    retries: how requests that may be repeated are repeated.
    transport: a transport of httpx, for proxies and tests.

    Every call raises `ApiError` if the service answers with an error, and `ConnectionFailed` without an answer.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Connect nothing yet."""
        self._http = httpx.AsyncClient(transport=transport, **http_arguments(url, key))
        self._timeout_s = timeout_s
        self._retries = retries or RetryPolicy()

    async def __aenter__(self) -> Self:
        """Return the client, which is closed at the end of the block."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close the client."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def push(
        self,
        article: PushedArticle,
        *,
        feed: str | None = None,
        wait_s: float = 0.0,
        idempotency_key: str | None = None,
    ) -> Job:
        """Push an article and return its job; the same article again returns the same job.

        ``feed`` is the feed of an article that names none. ``wait_s`` waits for the job, so that it may be done in the
        answer. Without ``idempotency_key`` the call has one of its own: it is repeated safely after a lost answer.
        """
        return await self.send(operations.push(article, feed=feed, wait_s=wait_s, idempotency_key=idempotency_key))

    async def push_batch(
        self,
        articles: Iterable[PushedArticle],
        *,
        feed: str | None = None,
        idempotency_key: str | None = None,
        size: int = 500,
    ) -> Batch:
        """Push articles, ``size`` in one request, and return an outcome for each, in order.

        No article affects the others; those that are refused for the moment (429, 503) are pushed again. If a later
        request fails, raises `BatchInterrupted` with the outcomes up to then.
        """
        return await self._run(
            conversations.push_batch(
                articles, feed=feed, idempotency_key=idempotency_key, size=size, retries=self._retries
            )
        )

    async def push_document(
        self,
        content: bytes,
        content_type: str | None = None,
        *,
        feed: str | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Push a document of any format that the service reads (RSS, NITF, HTML …), and return its articles' outcomes.

        The content shows the format; ``content_type`` is needed for plain text (``text/plain``) only.
        """
        return await self.send(
            operations.push_document(content, content_type=content_type, feed=feed, idempotency_key=idempotency_key)
        )

    async def analyse(
        self, article: PushedArticle, *, feed: str | None = None, timeout_s: float | None = 60.0
    ) -> Result:
        """Push an article, wait for its result and return it. Raises `WaitTimedOut` and `JobFailed`."""
        return await self._run(conversations.analyse(article, feed=feed, timeout_s=timeout_s))

    async def job(self, job: Job | Id) -> Job:
        """Return a job as it is now."""
        return await self.send(operations.get_job(id_of(job)))

    def jobs(
        self,
        *,
        feed: str | None = None,
        guid: str | None = None,
        state: str | None = None,
        limit: int | None = None,
    ) -> AsyncItems[Job]:
        """Return jobs, newest first."""
        return self._items(pages.listing("/v1/jobs", Job, feed=feed, guid=guid, state=state), limit=limit)

    async def wait(self, job: Job | Id, timeout_s: float | None = None) -> Job:
        """Wait until a job is done and return it, whether it succeeded or not. Raises `WaitTimedOut`."""
        return await self._run(conversations.wait(job, timeout_s))

    async def cancel(self, job: Job | Id) -> Job:
        """Cancel a job that is not done."""
        return await self.send(operations.cancel_job(id_of(job)))

    async def result(self, job: Job | Id, *, timeout_s: float | None = 0.0) -> Result:
        """Return the result of a job, after waiting for it for up to ``timeout_s`` seconds; None waits without end.

        Raises `WaitTimedOut` and `JobFailed`; without waiting, `Conflict` for a job that is not done or has failed.
        Raises `Gone` if the result was withdrawn, erased or removed for its age.
        """
        return await self._run(conversations.result(job, timeout_s))

    def results(
        self, after: str | None = None, *, feed: str | None = None, embed: bool = False, limit: int | None = None
    ) -> AsyncItems[ResultItem | Tombstone]:
        """Return all results behind a cursor, in the order in which they were stored, and tombstones among them.

        A `Tombstone` says that the results of an article no longer hold: remove what was derived from them.
        Store the iterator's ``cursor`` and pass it as ``after`` later: no result is missed. ``embed`` includes whole
        documents.
        """
        return self._items(pages.results(feed=feed, embed=embed), cursor=after, limit=limit)

    def follow(
        self, after: str | None = None, *, feed: str | None = None, embed: bool = False
    ) -> AsyncItems[ResultItem | Tombstone]:
        """Return the same as `results`, without an end: behind the last result the iterator waits for the next.

        The service holds back its answer until there is a result. An error that repetitions do not overcome ends the
        iterator; its ``cursor`` continues.
        """
        return AsyncItems(self.send, pages.results(feed=feed, embed=embed), cursor=after, follow=True)

    def stream(self, after: str | None = None, *, feed: str | None = None, embed: bool = False) -> AsyncResultStream:
        """Return the same as `follow`, sent as soon as it is stored, over a connection that stays open.

        A connection that ends is made again behind the last item: none is missed, and none comes twice. An error that
        repetitions do not overcome is raised. The end of its ``with`` block closes it.
        """
        return AsyncResultStream(self._connect, self._retries, after=after, feed=feed, embed=embed)

    async def article(self, article_id: Id, *, body: bool = False) -> StoredArticle:
        """Return an accepted article with its jobs; with ``body`` as it was pushed."""
        return await self.send(operations.get_article(article_id, body=body))

    def articles(self, guid: str, *, feed: str | None = None, limit: int | None = None) -> AsyncItems[StoredArticle]:
        """Return what feeds pushed under a guid: every version and revision, newest first."""
        return self._items(pages.listing("/v1/articles", StoredArticle, guid=guid, feed=feed), limit=limit)

    async def withdraw(self, article_id: Id) -> None:
        """Withdraw an article: its results are `Gone` from now on."""
        await self.send(operations.withdraw_article(article_id))

    async def reinstate(self, article_id: Id) -> Job:
        """Undo the withdrawal of an article, or release one that is withheld or under an embargo. Return its job."""
        return await self.send(operations.reinstate_article(article_id))

    async def erase(self, article_id: Id) -> None:
        """Erase an article and everything derived from it, for good. Needs an admin key."""
        await self.send(operations.erase_article(article_id))

    async def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any | None = None
    ) -> Any:
        """Send any other request of the API and return its answer's JSON, with the same errors and repetitions."""
        return await self.send(operations.any_request(method, path, params=params, body=body))

    async def send(self, operation: Operation[T]) -> T:
        """Send an operation and return its answer, repeating it as the retry policy says."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(operation)
            except StancewireError as error:
                delay_s = self._retries.delay_s(attempt, error) if operation.repeatable else None
                if delay_s is None:
                    raise
            await anyio.sleep(delay_s)

    async def _attempt(self, operation: Operation[T]) -> T:
        try:
            response = await self._http.request(**operation.request(self._timeout_s))
        except httpx.RequestError as error:
            raise self._connection_failed(operation, error) from error
        return operation.result(response)

    @asynccontextmanager
    async def _connect(self, operation: Operation[Any]) -> AsyncIterator[httpx.Response]:
        """Open an answer that is read while it arrives."""
        try:
            async with self._http.stream(**operation.request(self._timeout_s)) as response:
                if not response.is_success:
                    await response.aread()
                yield response
        except httpx.RequestError as error:
            raise self._connection_failed(operation, error) from error

    def _connection_failed(self, operation: Operation[Any], error: httpx.RequestError) -> ConnectionFailed:
        return ConnectionFailed(f"{operation.method} {self._http.base_url}{operation.path}: {error}")

    async def _run(self, conversation: Conversation[T]) -> T:
        answer: Any = None
        try:
            step = next(conversation)
            while True:
                try:
                    if isinstance(step, Pause):
                        await anyio.sleep(step.seconds)
                    else:
                        answer = await self.send(step)
                except StancewireError as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value

    def _items(
        self, listing: pages.Listing[Any], *, cursor: str | None = None, limit: int | None = None
    ) -> AsyncItems[Any]:
        return AsyncItems(self.send, listing, cursor=cursor, limit=limit)
