"""The host names that requests may use, so that a foreign name in ``Host`` never reaches a page or a cache."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.problems import ProblemError, send_problem
from services.settings import Api
from services.settings.proxies import items_of

# Orchestrators and Prometheus ask by address; these answers name no host.
_OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class AllowedHostsMiddleware:
    """ASGI middleware that answers 421 (RFC 9110) if the ``Host`` of a request is not allowed."""

    def __init__(self, app: ASGIApp, settings: Api) -> None:
        """Wrap ``app``. Without ``api.allowed_hosts`` and ``api.public_url`` every host is allowed."""
        self._app = app
        allowed = items_of(settings.allowed_hosts)
        if settings.public_url:
            allowed.append(_without_port(urlsplit(settings.public_url).netloc))
        self._names = frozenset(name for name in allowed if not name.startswith("*."))
        self._endings = tuple(name[1:] for name in allowed if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 421."""
        if scope["type"] == "http" and scope["path"] not in _OPEN_PATHS and not self._allows(scope):
            error = ProblemError(421, "host_not_allowed", "Host: this name is not one of this service")
            await send_problem(error, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        if not self._names and not self._endings:
            return True
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        host = _without_port(hosts[0].lower())
        return host in self._names or host.endswith(self._endings)


def _without_port(netloc: str) -> str:
    """Return the host of ``host:port``; an IPv6 address keeps its brackets."""
    host, separator, port = netloc.rpartition(":")
    return host if separator and port.isdecimal() else netloc
