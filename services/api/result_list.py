"""The list of results as clients follow it: pages, waiting for news, and all items for exports and streams."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from services.api.dependencies import ApiServices
from services.api.long_poll import record_wait
from services.api.schemas.results import ResultItem, ResultPage, TombstoneItem, result_item
from services.caller import Caller
from services.contracts import cursors
from services.contracts.cursors import ResultCursor
from services.jobs import result_queries
from services.maintenance import retention_progress
from services.results import epochs


@dataclass(frozen=True, slots=True)
class ResultQuery:
    """A follower's question: the cursor that it has, if any, a feed or all, and whether items hold whole results."""

    after: ResultCursor | None
    feed: str | None
    embed: bool
    caller: Caller


def read_page(services: ApiServices, query: ResultQuery, size: int) -> ResultPage:
    """Return the items behind the cursor, with the warnings that it deserves."""
    database, feed, visible = services.database, query.feed, query.caller.feeds
    start = epochs.locate(database, query.after)
    since = start.sequence
    rows = result_queries.list_results(database, after=since, feed=feed, limit=size, visible=visible)
    pruned = retention_progress.removed_results(database, since, feed, visible) if query.after else None
    last = rows[-1].sequence if rows else since
    if pruned is not None:
        last = max(last, pruned.until)
    return ResultPage(
        items=[result_item(row, start.epoch, embed=query.embed) for row in rows],
        after=cursors.encode_result(ResultCursor(start.epoch, last)),
        warnings=[warning for warning in (start.warning, pruned and pruned.warning) if warning],
    )


async def wait_for_page(services: ApiServices, query: ResultQuery, size: int, wait_s: float) -> ResultPage:
    """Return the page behind the cursor as soon as it has an item or a warning, or after ``wait_s`` seconds."""
    watch, began = services.result_watch, time.perf_counter()
    while True:
        seen = watch.latest
        page = await run_in_threadpool(read_page, services, query, size)
        left_s = wait_s - (time.perf_counter() - began)
        if page.items or page.warnings or left_s <= 0 or watch.ending:
            return page
        waits_from = time.perf_counter()
        await watch.wait(seen, left_s)
        record_wait(time.perf_counter() - waits_from)


def all_items(
    services: ApiServices, query: ResultQuery, limit: int, page_size: int
) -> Iterator[ResultItem | TombstoneItem]:
    """Yield up to ``limit`` items. Each page has its own transaction, so that a slow client holds none open."""
    count = 0
    while count < limit:
        size = min(page_size, limit - count)
        page = read_page(services, query, size)
        yield from page.items
        count += len(page.items)
        if len(page.items) < size:
            return
        query = replace(query, after=cursors.decode_result(page.after))
