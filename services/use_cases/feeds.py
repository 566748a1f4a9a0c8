"""Add feeds and change their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.caller import Caller
from services.feeds import store
from services.feeds.store import Feed
from services.use_cases.context import UseCaseContext


def add(context: UseCaseContext, name: str, settings: Mapping[str, Any], caller: Caller) -> Feed:
    """Register a feed before its first push. Raises `Conflict` if it exists."""
    feed = store.add(context.database, name, settings, caller)
    context.forget_feeds()
    return feed


def change(context: UseCaseContext, name: str, settings: Mapping[str, Any], caller: Caller) -> Feed:
    """Change the given settings of a feed; None removes its own limit. Raises `NotFound`."""
    feed = store.change(context.database, name, settings, caller)
    context.forget_feeds()
    return feed
