"""The context of a page: the visitor, their session, the services of the process, and how to answer.

A page declares its access by the type of its ``context`` parameter: `ReaderPage`, `AdminPage`, `AdminForm` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.access.rate_limiter import RateLimiter
from services.api.dependencies import ApiServices, Services
from services.api.problems import ProblemError
from services.caller import Scope
from services.console.rendering import HEADERS, render
from services.console.service_status import StatusMonitor
from services.console.sessions import Session, SessionSigner
from services.console.visitor import ANONYMOUS, Visitor, identify_visitor
from services.errors import Unauthenticated

SESSION_COOKIE: Final = "stancewire_session"


@dataclass(frozen=True, slots=True)
class Console:
    """The parts that all pages of a process share. ``login_failures`` counts failed logins by client address."""

    sessions: SessionSigner
    login_failures: RateLimiter
    status_monitor: StatusMonitor


@dataclass(frozen=True, slots=True)
class PageContext:
    """A request to the console. ``session_is_new``: the response has to set the session's cookie."""

    request: Request
    services: ApiServices
    console: Console
    session: Session
    session_is_new: bool
    visitor: Visitor

    def render(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """Return a page, rendered from ``template`` with ``values`` and the values that every page needs."""
        common = {
            "path": self.request.url.path,
            "visitor": self.visitor,
            "csrf": self.console.sessions.form_token(self.session),
            "notice": self._notice(),
        }
        return self._with_session_cookie(render(template, common | values, status))

    def _notice(self) -> str:
        """Return the notice in the address; empty unless this session was redirected to it by an action."""
        query = self.request.query_params
        notice, mark = query.get("notice", ""), query.get("mark", "")
        return notice if self.console.sessions.accepts_notice(self.session, notice, mark) else ""

    def redirect(self, path: str, /, *, notice: str = "", **query: str) -> Response:
        """Return a redirect (303) to another page, usually after an action. ``notice`` is shown on that page."""
        if notice:
            query |= {"notice": notice, "mark": self.console.sessions.mark_notice(self.session, notice)}
        target = f"{path}?{urlencode(query)}" if query else path
        return self._with_session_cookie(RedirectResponse(target, 303, headers=dict(HEADERS)))

    def _is_public_https(self) -> bool:
        """Return whether the browser uses the public address, and that is HTTPS; the proxy may not say so itself."""
        public = urlsplit(self.services.settings.api.public_url)
        return public.scheme == "https" and self.request.headers.get("host") == public.netloc

    def _with_session_cookie(self, response: Response) -> Response:
        """Set a new session's cookie: hidden from scripts and other sites, and sent over HTTPS only if that is used."""
        if self.session_is_new:
            response.set_cookie(
                SESSION_COOKIE,
                self.console.sessions.to_cookie(self.session),
                httponly=True,
                samesite="strict",
                secure=self.request.url.scheme == "https" or self._is_public_https(),
                path="/",
            )
        return response


def get_console(request: Request) -> Console:
    """Return the console of the application that handles the request."""
    console = request.app.state.console
    assert isinstance(console, Console)  # noqa: S101 -- set by mount.install
    return console


def anonymous_context(request: Request, services: ApiServices) -> PageContext:
    """Return a context without a visitor, which needs no database query: for error pages while the database is down."""
    return _context(request, services, ANONYMOUS)


def page_context(request: Request, services: Services) -> PageContext:
    """Return the context of a request, whether or not the visitor is logged in. Raises `StoreUnavailable`."""
    session = get_console(request).sessions.from_cookie(request.cookies.get(SESSION_COOKIE))
    return _context(
        request, services, identify_visitor(request, services, session.id if session and session.key_id else "")
    )


def _context(request: Request, services: ApiServices, visitor: Visitor) -> PageContext:
    console = get_console(request)
    session = console.sessions.from_cookie(request.cookies.get(SESSION_COOKIE))
    return PageContext(
        request,
        services,
        console,
        session or console.sessions.create(),
        session_is_new=session is None,
        visitor=visitor,
    )


def _reader_page(context: Annotated[PageContext, Depends(page_context)]) -> PageContext:
    """Return the context of a visitor who may read. Raises `Unauthenticated` and `Forbidden`."""
    if not context.visitor.is_authenticated:
        raise Unauthenticated("log in first", code="key_missing")
    context.visitor.caller.require(Scope.READ)
    return context


def _admin_page(context: Annotated[PageContext, Depends(_reader_page)]) -> PageContext:
    context.visitor.caller.require(Scope.ADMIN)
    return context


def _any_form(context: Annotated[PageContext, Depends(page_context)], csrf: Annotated[str, Form()] = "") -> PageContext:
    """Return the context of a posted form. Raises `ProblemError` (403) if no page of this session sent the form."""
    from_our_page = context.console.sessions.accepts_form_token(context.session, csrf)
    public = urlsplit(context.services.settings.api.public_url).netloc
    if not from_our_page or not _is_same_origin(context.request.headers, public):
        raise ProblemError(403, "form_expired", "this form does not belong to your session; load the page again")
    return context


def _is_same_origin(headers: Mapping[str, str], public: str) -> bool:
    """Return whether the browser reports our own site as the sender; without such headers the form token decides.

    Our site is the host of the request, or ``public`` if a proxy does not pass that on.
    """
    site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin")
    ours = {headers.get("host"), public} - {None, ""}
    return site in {"same-origin", "none"} and (origin is None or urlsplit(origin).netloc in ours)


def _reader_form(
    _form: Annotated[PageContext, Depends(_any_form)], context: Annotated[PageContext, Depends(_reader_page)]
) -> PageContext:
    return context


def _pusher_form(
    _form: Annotated[PageContext, Depends(_any_form)], context: Annotated[PageContext, Depends(_reader_page)]
) -> PageContext:
    context.visitor.caller.require(Scope.INGEST)
    return context


def _admin_form(
    _form: Annotated[PageContext, Depends(_any_form)], context: Annotated[PageContext, Depends(_reader_page)]
) -> PageContext:
    context.visitor.caller.require(Scope.ADMIN)
    return context


AnyPage = Annotated[PageContext, Depends(page_context)]  # open to everybody: the login page
AnyForm = Annotated[PageContext, Depends(_any_form)]
ReaderPage = Annotated[PageContext, Depends(_reader_page)]
AdminPage = Annotated[PageContext, Depends(_admin_page)]
ReaderForm = Annotated[PageContext, Depends(_reader_form)]
PusherForm = Annotated[PageContext, Depends(_pusher_form)]
AdminForm = Annotated[PageContext, Depends(_admin_form)]
