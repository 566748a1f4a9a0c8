"""Create, change and delete watches."""

from __future__ import annotations

from uuid import UUID

from services.caller import Caller
from services.contracts.event import WatchKind
from services.errors import InvalidInput, NotFound
from services.results.filters import StanceOnlyFilters, search_query
from services.topics import store as topic_store
from services.use_cases.context import UseCaseContext
from services.webhooks import store as webhook_store
from services.webhooks import watches
from services.webhooks.records import Watch, Webhook
from services.webhooks.watches import WatchFilters


def create(
    context: UseCaseContext, webhook_id: UUID, *, name: str, kind: WatchKind, filters: WatchFilters, caller: Caller
) -> Watch:
    """Create a watch that tells a webhook of each new match.

    Raises `InvalidInput` for a filter, `NotFound` for the webhook, and `Conflict` if it has too many watches.
    """
    webhook = webhook_store.get(context.database, webhook_id, caller)
    _check_filters(context, kind, filters, webhook, caller)
    return watches.create(
        context.database,
        webhook_id,
        name=name,
        kind=kind,
        filters=watches.stored_form(filters),
        limit=context.settings.watches.per_webhook,
        by=caller,
    )


def change(
    context: UseCaseContext,
    watch_id: UUID,
    *,
    name: str | None = None,
    filters: WatchFilters | None = None,
    paused: bool | None = None,
    caller: Caller,
) -> Watch:
    """Change the given properties of a watch. Raises `InvalidInput` for a filter, and `NotFound`."""
    stored = None
    if filters is not None:
        watch = watches.get(context.database, watch_id, caller)
        webhook = webhook_store.get(context.database, watch.webhook_id, caller)
        _check_filters(context, watch.kind, filters, webhook, caller)
        stored = watches.stored_form(filters)
    return watches.change(context.database, watch_id, name=name, filters=stored, paused=paused, by=caller)


def remove(context: UseCaseContext, watch_id: UUID, caller: Caller) -> None:
    """Delete a watch. Raises `NotFound`."""
    watches.remove(context.database, watch_id, caller)


def _check_filters(
    context: UseCaseContext, kind: WatchKind, filters: WatchFilters, webhook: Webhook, caller: Caller
) -> None:
    """Refuse filters that would match everything or never anything. Raises `InvalidInput`."""
    if not filters.model_dump(exclude_none=True):
        raise InvalidInput("filters", "give at least one; without any, every item of every article would match")
    if kind is WatchKind.ATTRIBUTIONS:
        for name in StanceOnlyFilters.model_fields:
            if getattr(filters, name) is not None:
                raise InvalidInput(f"filters.{name}", "is a filter of stances, and this watch is for attributions")
    try:
        search_query(filters, caller)
    except InvalidInput as error:
        raise InvalidInput(f"filters.{error.field}", error.reason) from error
    if filters.feed is not None and not webhook.sees(filters.feed):
        raise InvalidInput("filters.feed", f"the webhook gets nothing of the feed {filters.feed}")
    if filters.topic is not None:
        try:
            topic_store.get(context.database, filters.topic)
        except NotFound as error:
            raise InvalidInput("filters.topic", error.detail) from error
