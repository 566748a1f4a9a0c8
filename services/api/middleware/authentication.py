"""Authentication stands before everything that reads a body or a path: middleware for all of ``/v1``, a scope for each route.

A route under ``/v1`` that forgets its scope still needs a key; `tests/integration/services/api/routes/test_access.py` finds it.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from services.access.key_cache import KeyCache
from services.access.rate_limiter import RateLimiter
from services.api.problems import answer, from_error, note
from services.caller import Caller, Scope
from services.errors import Refused, StancewireError, Unauthenticated
from services.settings import Access

GUARDED: Final = "/v1"
_STATE: Final = "caller"
_BEARER: Final = HTTPBearer(bearerFormat="swk_<id>_<secret>", scheme_name="key", auto_error=False)


class AuthenticationMiddleware:
    """ASGI middleware: finds out who asks. Under ``/v1`` nobody gets further without a key, elsewhere a wrong key is as none."""

    def __init__(self, app: ASGIApp, keyring: KeyCache, settings: Access, refused: Counter) -> None:
        """Wrap ``app``; refusals are counted by their code."""
        self._app = app
        self._keyring = keyring
        self._settings = settings
        self._rates = RateLimiter(settings.burst_s)
        self._failures = RateLimiter(settings.burst_s)
        self._refused = refused

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Pass on a request with its caller in ``request.state``, or answer 401, 429, or 503 while keys cannot be looked up."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        authorization = _header(scope)
        guarded = scope["path"] == GUARDED or scope["path"].startswith(f"{GUARDED}/")
        if guarded or authorization is not None:
            try:
                caller = self._keyring.recall(authorization)
                if caller is None:
                    caller = await run_in_threadpool(self._keyring.identify, authorization)
                if guarded:
                    self._slow_down(caller)
            except StancewireError as error:
                if guarded:
                    self._refused.labels(error.code).inc()
                    told = self._too_many(scope, error)
                    note(scope, told.code)
                    known = from_error(told)
                    await answer(known.problem, known.headers)(scope, receive, send)
                    return
            else:
                scope.setdefault("state", {})[_STATE] = caller
        await self._app(scope, receive, send)

    def _slow_down(self, caller: Caller) -> None:
        """Raise :class:`Refused` (429) for a key that asks more often than it may."""
        per_s = self._settings.requests_per_s
        wait_s = self._rates.take(caller.key_id, per_s)
        if wait_s:
            detail = f"the key {caller.key_id} may ask {per_s:g} times a second"
            raise Refused(detail, code="rate_limited", status=429, retry_after=math.ceil(wait_s))

    def _too_many(self, scope: Connection, error: StancewireError) -> StancewireError:
        """What an address is told that has come too often without a key that works; else the error as it is.

        The key was looked at before, so one that works is never held up by what else comes from its address.
        """
        per_s = self._settings.failures_per_s
        wait_s = self._failures.take(_network(scope), per_s) if isinstance(error, Unauthenticated) else 0
        if not wait_s:
            return error
        detail = f"{per_s:g} requests a second without a key that works are too many"
        return Refused(detail, code="too_many_failures", status=429, retry_after=math.ceil(wait_s))


def _network(scope: Connection) -> str:
    """Who asks, as far as the network tells: an IPv4 address, or the /64 that one IPv6 site has to itself."""
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a Unix socket has no address
        return host
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(ipaddress.ip_network((address, 64), strict=False)) if mapped is None else str(mapped)
    return host


def _header(scope: Connection) -> str | None:
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return found[0].decode("latin-1") if found else None


def known_caller(request: Request) -> Caller | None:
    """Who asks, where it is known: what open pages show more to."""
    return caller_of(request.scope)


def caller_of(scope: Connection) -> Caller | None:
    """Who asks, for middleware further in."""
    caller = scope.get("state", {}).get(_STATE)
    assert caller is None or isinstance(caller, Caller)  # noqa: S101 -- put there by the middleware
    return caller


def caller(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency that gives a route its caller, who has this scope. Raises Unauthenticated (401) and Forbidden (403)."""

    async def checked(
        request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None
    ) -> Caller:
        who = known_caller(request)
        if who is None:
            raise Unauthenticated("send a key: `Authorization: Bearer swk_…`", code="key_missing")
        who.require(scope)
        return who

    return checked


Pusher = Annotated[Caller, Depends(caller(Scope.INGEST))]
Reader = Annotated[Caller, Depends(caller(Scope.READ))]
Admin = Annotated[Caller, Depends(caller(Scope.ADMIN))]
