"""Results as a stream of server-sent events (HTML standard, section 9.2), which a client resumes by its last event ID.

The ID of an event is the cursor behind its item, so that a client that connects again with it misses nothing and gets
nothing twice, whatever ended the connection. Heartbeats carry the cursor, too: what a client does not see is not read
again. A stream holds one page of items at a time, and the next is read once the client has taken them.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Final

import structlog
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from services.api.dependencies import ApiServices
from services.api.long_poll import record_wait
from services.api.result_list import ResultQuery, read_page
from services.contracts import cursors
from services.errors import StoreUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

_PAGE_SIZE: Final = 20
_RECONNECT_MS: Final = 2_000


async def events(services: ApiServices, query: ResultQuery, authorization: str | None) -> AsyncIterator[bytes]:
    """Yield the events of a stream, until the key no longer is valid, ``api.stream_s`` have passed or the server stops.

    A database that does not answer only delays the stream.
    """
    settings, watch = services.settings.api, services.result_watch
    began = heard = time.perf_counter()
    try:
        yield format_sse_event(retry=_RECONNECT_MS)
        while time.perf_counter() - began < settings.stream_s and not watch.ending:
            seen = watch.latest
            try:
                page = await run_in_threadpool(read_page, services, query, _PAGE_SIZE)
                if time.perf_counter() - heard >= settings.heartbeat_s:
                    caller = services.key_cache.recall(authorization)
                    if caller is None:
                        caller = await run_in_threadpool(services.key_cache.identify, authorization)
                    query, heard = replace(query, caller=caller), time.perf_counter()
                    if not page.items:
                        yield format_sse_event(comment="waiting", id=page.after)
            except Unauthenticated:
                return
            except StoreUnavailable as error:
                log.warning("result_stream_postponed", fault=error.fault, reason=error.detail)
                await watch.wait(watch.latest, settings.heartbeat_s)
                yield format_sse_event(comment="waiting for the database")
                continue
            for warning in page.warnings:
                yield format_sse_event(
                    event="warning", data_str=warning.model_dump_json(), id=None if page.items else page.after
                )
            for item in page.items:
                yield format_sse_event(event=item.kind, data_str=item.model_dump_json(), id=item.cursor)
            query = replace(query, after=cursors.decode_result(page.after))
            if not page.items:
                await watch.wait(seen, max(0.0, heard + settings.heartbeat_s - time.perf_counter()))
    finally:
        record_wait(time.perf_counter() - began)


class EventStream(EventSourceResponse):
    """The answer of a stream; it counts as open until it has ended, however that comes about."""

    def __init__(self, services: ApiServices, query: ResultQuery, authorization: str | None) -> None:
        """Prepare the stream. Raises `Refused` if the caller or all callers together have too many open."""
        services.result_streams.enter(query.caller)
        self._leave = partial(services.result_streams.leave, query.caller)
        super().__init__(events(services, query, authorization), headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()
