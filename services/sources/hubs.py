"""Subscriptions at hubs: the subscriber of W3C WebSub, from discovery to the end of a subscription.

https://www.w3.org/TR/websub/. Each renewal also reads the topic itself, for entries that a hub did not
deliver.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import httpx
import structlog

from services.database.sealing import SecretUnreadable
from services.ingest.formats.document import Document
from services.outbound.client import fetch, retry_after_s
from services.sources import schedule
from services.sources.fetcher import Fetcher, SourceFailed
from services.sources.links import Topic, discover
from services.sources.records import Source
from services.sources.schedule import DueSource

log = structlog.get_logger(__name__)

_ANSWER_BYTES: Final = 100_000
_SHOWN_CHARS: Final = 200


def subscribe(fetcher: Fetcher, due: DueSource) -> None:
    """Ask the hub of a topic to push, or to go on pushing, and submit the topic's present entries.

    The hub confirms by a request of its own. Raises `SourceFailed` and `StoreUnavailable`.
    """
    source = due.source
    answer = fetcher.get(source.url or "")
    document = Document(answer.body, answer.headers.get("content-type", ""))
    topic = discover(document, answer.headers.get_list("link"), answer.url)
    if not topic.hubs:
        raise SourceFailed(f"{answer.url} names no hub; add it as a polled address instead")
    hub = _hub_of(topic, source)
    callback = _callback(fetcher, source)
    if not schedule.expect_confirmation(fetcher.database, source, hub, topic.url):
        return
    form = {"hub.callback": callback, "hub.mode": "subscribe", "hub.topic": topic.url}
    form |= {"hub.lease_seconds": str(fetcher.settings.sources.lease_s), "hub.secret": _secret(fetcher, due)}
    _ask(fetcher, hub, form)
    try:
        schedule.save_entries(fetcher.database, source, fetcher.submit_new(due, answer))
    except SourceFailed as error:  # the hub may push all the same
        log.info("topic_unreadable", source=source.id, reason=str(error))


def unsubscribe(fetcher: Fetcher, due: DueSource) -> None:
    """Ask the hub of a source that is being removed to stop. Raises `SourceFailed` and `StoreUnavailable`."""
    source = due.source
    if not schedule.expect_end(fetcher.database, source):
        log.info("source_removed", source=source.id, confirmed=False)
        return
    form = {"hub.callback": _callback(fetcher, source), "hub.mode": "unsubscribe", "hub.topic": source.topic or ""}
    _ask(fetcher, source.hub or "", form)


def _hub_of(topic: Topic, source: Source) -> str:
    """Return the hub to ask: the one that already pushes; after a failure, the next of the topic's hubs."""
    if source.hub in topic.hubs and not source.failures:
        return source.hub or ""
    return topic.hubs[source.failures % len(topic.hubs)]


def _callback(fetcher: Fetcher, source: Source) -> str:
    public_url = fetcher.settings.api.public_url
    if not public_url:
        raise SourceFailed("`api.public_url` is not set for the sweeper, so the hub could not reach the service")
    return f"{public_url}{source.push_path}"


def _secret(fetcher: Fetcher, due: DueSource) -> str:
    try:
        return fetcher.database.sealer.open(due.secret or "")
    except SecretUnreadable as error:
        raise SourceFailed(error.detail) from error


def _ask(fetcher: Fetcher, hub: str, form: dict[str, str]) -> None:
    """Send a request to a hub. Raises `SourceFailed` unless it accepts the request."""
    try:
        answer = fetch(fetcher.client, fetcher.client.build_request("POST", hub, data=form), _ANSWER_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceFailed(f"the hub {hub}: {error or type(error).__name__}") from error
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        said = " ".join(answer.body.decode("utf-8", "replace").split())[:_SHOWN_CHARS]
        reason = f"the hub {hub} answered {answer.status}{f': {said}' if said else ''}"
        raise SourceFailed(reason, status=answer.status, retry_s=retry_after_s(answer.headers))
