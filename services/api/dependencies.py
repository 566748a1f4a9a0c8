"""The parts that the routes of one API process share, and the dependencies that give routes their caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from anyio import CapacityLimiter
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.access.key_cache import KeyCache
from services.api.long_poll import LongPoll
from services.api.middleware.authentication import caller_of
from services.api.open_streams import ResultStreams
from services.api.result_watch import ResultWatch
from services.caller import Caller, Scope
from services.database.engine import Database
from services.dispatch.dispatcher import Dispatcher, DispatchThread
from services.dispatch.store_watch import StoreWatch
from services.errors import Unauthenticated
from services.feeds.activity import ActivityRecorder
from services.ingest.admission import AdmissionControl
from services.ingest.submit import Intake
from services.metrics import ApiMetrics
from services.settings import Settings
from services.sources.verifier import PushVerifier
from services.use_cases.context import UseCaseContext

_BEARER: Final = HTTPBearer(bearerFormat="swk_<id>_<secret>", scheme_name="key", auto_error=False)


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The parts of one API process."""

    settings: Settings
    database: Database
    key_cache: KeyCache
    admission: AdmissionControl
    intake: Intake
    use_case_context: UseCaseContext
    dispatcher: Dispatcher
    dispatch_thread: DispatchThread
    store_watch: StoreWatch
    long_poll: LongPoll
    result_watch: ResultWatch
    result_streams: ResultStreams
    metrics: ApiMetrics
    recorder: ActivityRecorder
    push_verifier: PushVerifier
    health_threads: CapacityLimiter


def api_services(request: Request) -> ApiServices:
    """Return the parts of this process."""
    services = request.app.state.services
    assert isinstance(services, ApiServices)  # noqa: S101 -- set by create_app
    return services


def authenticated_caller(request: Request) -> Caller | None:
    """Return the caller whose key was valid, or None; for open routes that show more to some callers."""
    return caller_of(request.scope)


def require_scope(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """Return a dependency that gives a route its caller, who has ``scope``.

    The dependency raises `Unauthenticated` (401) without a key and `Forbidden` (403) without the scope.
    """

    async def require(
        request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None
    ) -> Caller:
        caller = authenticated_caller(request)
        if caller is None:
            raise Unauthenticated("send a key: `Authorization: Bearer swk_…`", code="key_missing")
        caller.require(scope)
        return caller

    return require


Services = Annotated[ApiServices, Depends(api_services)]
Pusher = Annotated[Caller, Depends(require_scope(Scope.INGEST))]
Reader = Annotated[Caller, Depends(require_scope(Scope.READ))]
Admin = Annotated[Caller, Depends(require_scope(Scope.ADMIN))]
