"""Add, change and remove the sources of feeds, and confirm what hubs ask about their subscriptions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import httpx
import structlog

from services.caller import Caller
from services.errors import InvalidInput
from services.sources import schedule, store
from services.sources.records import Source, SourceKind, SourceState
from services.sources.signatures import signing_key
from services.use_cases.context import UseCaseContext

log = structlog.get_logger(__name__)

_URL_CHARS: Final = 2_000
_SECRET: Final = re.compile(r"[ -~]{16,200}")


def add(
    context: UseCaseContext,
    feed: str,
    kind: SourceKind,
    caller: Caller,
    *,
    url: str | None = None,
    secret: str | None = None,
    every_s: int | None = None,
    pages: bool = False,
) -> tuple[Source, str | None]:
    """Add a source to a feed. Return it with the secret that its sender needs, which is not shown again.

    Without ``secret`` one is made. Raises `InvalidInput` and `Conflict`.
    """
    settings = context.settings.sources
    if kind.is_fetched:
        _check_url(url)
        if secret is not None:
            raise InvalidInput("secret", f"a source of the kind {kind} makes its own")
    elif url is not None:
        raise InvalidInput("url", f"a source of the kind {kind} has none: its sender pushes")
    if kind is SourceKind.WEBSUB and not context.settings.api.public_url:
        raise InvalidInput("kind", "a hub pushes to the address in the setting `api.public_url`, which is not set")
    if kind is not SourceKind.POLL and every_s is not None:
        raise InvalidInput("every_s", "only addresses that are polled have an interval")
    if not kind.is_fetched and pages:
        raise InvalidInput("pages", "only entries of fetched addresses link to pages")
    _check_interval(context, every_s)
    if kind is SourceKind.POLL:
        stored = None
    else:
        stored = store.new_secret(kind) if secret is None else _checked_secret(kind, secret)
    source = store.add(
        context.database, feed, kind, caller, url=url, secret=stored, every_s=every_s, pages=pages,
        limit=settings.per_feed,
    )  # fmt: skip
    context.forget_feeds()
    return source, None if kind.is_fetched else stored


def change(context: UseCaseContext, feed: str, source_id: str, settings: Mapping[str, Any], caller: Caller) -> Source:
    """Change interval or pages of a source, or pause it. Raises `NotFound` and `InvalidInput`."""
    source = store.show(context.database, feed, source_id)
    if settings.get("every_s") is not None and source.kind is not SourceKind.POLL:
        raise InvalidInput("every_s", "only addresses that are polled have an interval")
    if settings.get("pages") and not source.kind.is_fetched:
        raise InvalidInput("pages", "only entries of fetched addresses link to pages")
    _check_interval(context, settings.get("every_s"))
    return store.change(context.database, feed, source_id, settings, caller)


def check_soon(context: UseCaseContext, feed: str, source_id: str) -> Source:
    """Have a source fetched now. Raises `NotFound` and `Conflict`."""
    return store.check_soon(context.database, feed, source_id)


def remove(context: UseCaseContext, feed: str, source_id: str, caller: Caller) -> Source | None:
    """Remove a source. Returns it while its subscription has still to end at the hub. Raises `NotFound`."""
    return store.remove(context.database, feed, source_id, caller)


def confirm_intent(
    context: UseCaseContext, callback: str, mode: str, topic: str, *, lease_s: int | None, reason: str
) -> bool:
    """Answer a hub that asks whether a subscription, or its end, is wanted, or says that it is denied.

    Returns whether to confirm. Raises `StoreUnavailable`.
    """
    subscription = store.by_callback(context.database, callback)
    if subscription is None or subscription[0].topic != topic:
        return False
    source = subscription[0]
    database = context.database
    match mode:
        case "subscribe":
            confirmed = schedule.confirm_subscription(database, source, lease_s)
        case "unsubscribe":
            confirmed = schedule.end_subscription(database, source)
        case "denied":
            confirmed = schedule.deny_subscription(database, source, reason, context.settings.sources)
        case _:
            return False
    log.info("hub_asked", source=source.id, feed=source.feed, mode=mode, confirmed=confirmed, lease_s=lease_s)
    return confirmed


def is_wanted(source: Source) -> bool:
    """Return whether what a hub pushes for a subscription is still wanted."""
    return source.state not in {SourceState.PAUSED, SourceState.LEAVING}


def _check_url(url: str | None) -> None:
    if url is None or not url.strip():
        raise InvalidInput("url", "is missing")
    if len(url) > _URL_CHARS:
        raise InvalidInput("url", f"has more than {_URL_CHARS} characters")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput("url", f"is not an address: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise InvalidInput("url", "is not an address of http or https")
    if parsed.userinfo:
        raise InvalidInput("url", "has a user name or password; they would be shown to everybody who sees the source")


def _check_interval(context: UseCaseContext, every_s: int | None) -> None:
    settings = context.settings.sources
    if every_s is not None and not settings.every_min_s <= every_s <= settings.backoff_max_s:
        bounds = f"between {settings.every_min_s:g} and {settings.backoff_max_s:g} seconds"
        raise InvalidInput("every_s", f"has to be {bounds}")


def _checked_secret(kind: SourceKind, secret: str) -> str:
    if not _SECRET.fullmatch(secret):
        raise InvalidInput("secret", "has to have 16 to 200 printable ASCII characters")
    if kind is SourceKind.SIGNED:
        try:
            signing_key(secret)
        except ValueError as error:
            raise InvalidInput("secret", f"{error}; send `whsec_` and base64") from error
    return secret
