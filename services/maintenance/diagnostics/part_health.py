"""The check behind `stancewire health`."""

from __future__ import annotations

import platform

import httpx

from services.access import bootstrap
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.settings import Settings
from services.settings.addresses import host_in_url


def check(part: str, settings: Settings) -> str | None:
    """Return why ``part`` of this host does not work, or None if it works."""
    if part == "api":
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.api.host, settings.api.host)  # noqa: S104 -- read, not bound
        try:
            answer = httpx.get(
                f"http://{host_in_url(host)}:{settings.api.port}/readyz", timeout=3, headers=bootstrap.headers(settings)
            )
        except httpx.HTTPError as error:
            return f"no answer: {error}"
        return None if answer.is_success else answer.text
    database = Database.of(settings, pooled=False)
    try:
        alive = hosts.has_live_host(database, HostRole(part), platform.node())
    except StoreUnavailable as error:
        return error.detail
    return None if alive else f"no {part} of this host has reported recently"
