"""The exclusion of robots (RFC 9309): which addresses of a site may be fetched, and how often."""

from __future__ import annotations

import threading
from typing import Final
from urllib.parse import urlsplit

import httpx
from cachetools import TTLCache
from protego import Protego

from services.outbound.client import fetch

ROBOT: Final = "Stancewire"  # the name by which robots.txt addresses this service
_CACHE_S: Final = 3_600  # RFC 9309 allows a day
_SITES_MAX: Final = 1_000
_FETCHED_BYTES: Final = 5_000_000
_PARSED_BYTES: Final = 512_000  # RFC 9309: at least 500 KiB have to be read
_DELAY_MAX_S: Final = 60.0


class RobotsUnreadable(httpx.HTTPError):
    """A site's ``robots.txt`` cannot be read now, so that nothing of the site may be fetched (RFC 9309, 2.3.1.4)."""


class RobotsRules:
    """The rules of sites, each cached for an hour."""

    def __init__(self, client: httpx.Client, *, enabled: bool) -> None:
        """Fetch rules with ``client``. Without ``enabled`` everything is allowed."""
        self._client = client
        self._enabled = enabled
        self._lock = threading.Lock()
        self._sites: TTLCache[str, Protego] = TTLCache(_SITES_MAX, _CACHE_S)

    def allows(self, url: str) -> bool:
        """Return whether an address may be fetched. Raises `RobotsUnreadable`."""
        return not self._enabled or self._rules(url).can_fetch(url, ROBOT)

    def delay_s(self, url: str) -> float:
        """Return the seconds that a site wants between two requests, or 0. Raises `RobotsUnreadable`."""
        if not self._enabled:
            return 0.0
        return min(float(self._rules(url).crawl_delay(ROBOT) or 0), _DELAY_MAX_S)

    def _rules(self, url: str) -> Protego:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            rules = self._sites.get(site)
        if rules is None:
            rules = self._read(f"{site}/robots.txt")
            with self._lock:
                self._sites[site] = rules
        return rules

    def _read(self, url: str) -> Protego:
        try:
            answer = fetch(self._client, self._client.build_request("GET", url), _FETCHED_BYTES)
        except httpx.HTTPError as error:
            raise RobotsUnreadable(f"{url} cannot be read: {error or type(error).__name__}") from error
        if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise RobotsUnreadable(f"{url} cannot be read: status {answer.status}")
        is_found = answer.status == httpx.codes.OK
        return Protego.parse(answer.body[:_PARSED_BYTES].decode("utf-8", "replace") if is_found else "")
