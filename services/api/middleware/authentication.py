"""Authentication of each request, before its body or path parameters are read.

The middleware requires a valid key for everything under ``/v1`` except pushes with a signature (`services.api.routes.
pushes` checks it); each route then requires a scope with a dependency of `services.api.dependencies`. A route that
forgets its scope still needs a key, and `tests/integration/services/api/test_access.py` finds it.
"""

from __future__ import annotations

import math
from typing import Final
from urllib.parse import parse_qs

from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from services.access.key_cache import KeyCache
from services.access.rate_limiter import RateLimiter
from services.api.client_address import client_network
from services.api.problems import send_problem
from services.api.push_paths import is_signed_push
from services.caller import Caller
from services.errors import Forbidden, Refused, StancewireError, StoreUnavailable, Unauthenticated
from services.settings import Access

_PROTECTED: Final = "/v1"
_FEED_PATHS: Final = frozenset({"/v1/attributions.atom", "/v1/stances.atom"})
_STATE_KEY: Final = "caller"
_UNREADABLE_KEY: Final = "key_unreadable"
_OTHER_SITES: Final = frozenset({b"cross-site", b"same-site"})


class AuthenticationMiddleware:
    """ASGI middleware that identifies the caller.

    Requests under ``/v1`` need a valid key; elsewhere an invalid key is treated as absent. Keys have a rate limit
    (``access.requests_per_s``), and so have the failures of a network address (``access.failures_per_s``).
    """

    def __init__(self, app: ASGIApp, key_cache: KeyCache, settings: Access, refusals: Counter) -> None:
        """Wrap ``app``; ``refusals`` counts rejected requests by their error code."""
        self._app = app
        self._key_cache = key_cache
        self._settings = settings
        self._key_rates = RateLimiter(settings.burst_s)
        self._failure_rates = RateLimiter(settings.burst_s)
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its caller in the scope's state.

        Under ``/v1`` it may be answered with 401, 429, or 503 while keys cannot be looked up.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        authorization = self._authorization(scope)
        protected = scope["path"] == _PROTECTED or scope["path"].startswith(f"{_PROTECTED}/")
        protected = protected and not is_signed_push(scope)
        if protected or authorization is not None:
            try:
                if protected and authorization is None and _is_cross_site(scope):
                    raise Forbidden("a page of another site may not act without a key", code="cross_site")
                caller = self._key_cache.recall(authorization)
                if caller is None:
                    caller = await self._look_up(authorization, protected=protected)
                if protected:
                    self._check_request_rate(caller)
            except StancewireError as error:
                if protected:
                    self._refusals.labels(error.code).inc()
                    await send_problem(self._limit_failures(scope, error), scope, receive, send)
                    return
                if isinstance(error, StoreUnavailable):
                    scope.setdefault("state", {})[_UNREADABLE_KEY] = error
            else:
                scope.setdefault("state", {})[_STATE_KEY] = caller
        await self._app(scope, receive, send)

    async def _look_up(self, authorization: str | None, *, protected: bool) -> Caller:
        """Return the caller from the database; for the open routes the one last seen while that does not answer."""
        try:
            return await run_in_threadpool(self._key_cache.identify, authorization)
        except StoreUnavailable:
            last_seen = None if protected else self._key_cache.last_seen(authorization)
            if last_seen is None:
                raise
            return last_seen

    def _authorization(self, scope: Scope) -> str | None:
        """Return the header, or the parameter ``key`` of a feed's address in its form, if that is allowed."""
        header: bytes | None = dict(reversed(scope["headers"])).get(b"authorization")
        if header is not None:
            return header.decode("latin-1")
        if not self._settings.query_keys or scope["path"] not in _FEED_PATHS:
            return None
        keys = parse_qs(scope["query_string"].decode("latin-1")).get("key", ())
        return f"Bearer {keys[0]}" if keys else None

    def _check_request_rate(self, caller: Caller) -> None:
        """Raise `Refused` (429) for a key that sends more requests than it may."""
        per_s = self._settings.requests_per_s
        wait_s = self._key_rates.take(caller.key_id, per_s)
        if wait_s:
            detail = f"the key {caller.key_id} may send {per_s:g} requests a second"
            raise Refused(detail, code="rate_limited", status=429, retry_after=math.ceil(wait_s))

    def _limit_failures(self, scope: Scope, error: StancewireError) -> StancewireError:
        """Return a 429 for an address that failed to authenticate too often, otherwise ``error`` itself.

        The key was checked before, so a valid key is never affected by other requests from its address.
        """
        per_s = self._settings.failures_per_s
        wait_s = self._failure_rates.take(client_network(scope), per_s) if isinstance(error, Unauthenticated) else 0
        if not wait_s:
            return error
        detail = f"more than {per_s:g} requests a second without a valid key"
        return Refused(detail, code="too_many_failures", status=429, retry_after=math.ceil(wait_s))


def caller_of(scope: Scope) -> Caller | None:
    """Return the caller that the middleware identified, or None."""
    caller = scope.get("state", {}).get(_STATE_KEY)
    assert caller is None or isinstance(caller, Caller)  # noqa: S101 -- set by the middleware
    return caller


def key_failure_of(scope: Scope) -> StoreUnavailable | None:
    """Return why the request's key could not be looked up, or None if it could or there was none."""
    error = scope.get("state", {}).get(_UNREADABLE_KEY)
    assert error is None or isinstance(error, StoreUnavailable)  # noqa: S101 -- set by the middleware
    return error


def _is_cross_site(scope: Scope) -> bool:
    """Return whether a browser sends this request for a page of another site (Fetch Metadata).

    Without keys (``access.required``), any page that somebody on this machine visits could push otherwise: a body of
    any media type may be an article.
    """
    sites = [value for name, value in scope["headers"] if name == b"sec-fetch-site"]
    return scope["method"] not in {"GET", "HEAD", "OPTIONS"} and any(site in _OTHER_SITES for site in sites)
