"""What each page of the console has at hand: who asks, their session, the service's parts, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.api.dependencies import ApiServices, Services
from services.api.problems import ProblemError
from services.caller import Scope
from services.console.login_attempts import LoginAttempts
from services.console.rendering import HEADERS, Renderer
from services.console.service_status import StatusMonitor
from services.console.sessions import Session, Sessions
from services.console.visitor import NOBODY, Visitor, visitor_of
from services.errors import Unauthenticated

COOKIE: Final = "stancewire_session"


@dataclass(frozen=True, slots=True)
class Console:
    """The parts that the console's pages share in one process."""

    renderer: Renderer
    sessions: Sessions
    attempts: LoginAttempts
    pulse: StatusMonitor


@dataclass(frozen=True, slots=True)
class PageContext:
    """One request to the console."""

    request: Request
    services: ApiServices
    console: Console
    session: Session
    fresh: bool  # the session is new: the answer has to carry its cookie
    visitor: Visitor

    def show(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """A page with these values."""
        common = {
            "path": self.request.url.path,
            "visitor": self.visitor,
            "csrf": self.console.sessions.token(self.session),
            "notice": self.request.query_params.get("notice", ""),
        }
        return self._sealed(self.console.renderer.page(template, common | values, status))

    def go(self, path: str, /, **query: str) -> Response:
        """On to another page, after something was done."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._sealed(RedirectResponse(target, 303, headers=dict(HEADERS)))

    def _sealed(self, response: Response) -> Response:
        """With the session's cookie: out of reach of scripts and of other sites, over https alone where that is used."""
        if self.fresh:
            sealed, secure = self.console.sessions.seal(self.session), self.request.url.scheme == "https"
            response.set_cookie(COOKIE, sealed, httponly=True, samesite="strict", secure=secure, path="/")
        return response


def console_of(request: Request) -> Console:
    """The console of this application."""
    console = request.app.state.console
    assert isinstance(console, Console)  # noqa: S101 -- put there by install
    return console


def offline_page_context(request: Request, services: ApiServices, visitor: Visitor = NOBODY) -> PageContext:
    """A desk that asks nothing of the database: for errors, where that may be what is away."""
    console = console_of(request)
    session = console.sessions.open(request.cookies.get(COOKIE))
    return PageContext(
        request, services, console, session or console.sessions.begin(), fresh=session is None, visitor=visitor
    )


def open_page_context(request: Request, services: Services) -> PageContext:
    """A desk for whoever comes, known or not."""
    session = console_of(request).sessions.open(request.cookies.get(COOKIE))
    return offline_page_context(request, services, visitor_of(request, services, session.key_id if session else ""))


def _reader(context: Annotated[PageContext, Depends(open_page_context)]) -> PageContext:
    """A desk for those who may read. Raises Unauthenticated and Forbidden."""
    if not context.visitor.known:
        raise Unauthenticated("log in first", code="key_missing")
    context.visitor.caller.require(Scope.READ)
    return context


def _administrator(context: Annotated[PageContext, Depends(_reader)]) -> PageContext:
    context.visitor.caller.require(Scope.ADMIN)
    return context


def _posted(
    context: Annotated[PageContext, Depends(open_page_context)], csrf: Annotated[str, Form()] = ""
) -> PageContext:
    """A desk that a form of ours was brought to. Raises ProblemError (403) for a form that is not from a page of this session."""
    if not _same_site(context.request.headers) or not context.console.sessions.fits(context.session, csrf):
        raise ProblemError(403, "form_expired", "this form is not from a page of your session; load the page again")
    return context


def _same_site(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that the request comes from a page of ours; what says nothing is judged by its token alone."""
    site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin")
    return site in {"same-origin", "none"} and (origin is None or urlsplit(origin).netloc == headers.get("host"))


def _pusher(
    _posted: Annotated[PageContext, Depends(_posted)], context: Annotated[PageContext, Depends(_reader)]
) -> PageContext:
    context.visitor.caller.require(Scope.INGEST)
    return context


def _admin(
    _posted: Annotated[PageContext, Depends(_posted)], context: Annotated[PageContext, Depends(_reader)]
) -> PageContext:
    context.visitor.caller.require(Scope.ADMIN)
    return context


Open = Annotated[PageContext, Depends(open_page_context)]  # anybody's
Posted = Annotated[PageContext, Depends(_posted)]  # anybody's form
Visit = Annotated[PageContext, Depends(_reader)]  # a reader's
Oversee = Annotated[PageContext, Depends(_administrator)]  # an administrator's
Push = Annotated[PageContext, Depends(_pusher)]  # the form of somebody who may push
Act = Annotated[PageContext, Depends(_admin)]  # an administrator's form
