"""What each page of the console has at hand: who asks, their session, the service's parts, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.access.caller import Scope
from services.console.attempts import Attempts
from services.console.pulse import Pulse
from services.console.rendering import HEADERS, Renderer
from services.console.sessions import Session, Sessions
from services.console.visitor import NOBODY, Visitor, visitor_of
from services.errors import Unauthenticated
from services.web.context import Context, Here
from services.web.problems import ProblemError

COOKIE: Final = "stancewire_session"


@dataclass(frozen=True, slots=True)
class Console:
    """The parts that the console's pages share in one process."""

    renderer: Renderer
    sessions: Sessions
    attempts: Attempts
    pulse: Pulse


@dataclass(frozen=True, slots=True)
class Desk:
    """One request to the console."""

    request: Request
    here: Context
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


def closed_desk(request: Request, here: Context, visitor: Visitor = NOBODY) -> Desk:
    """A desk that asks nothing of the database: for errors, where that may be what is away."""
    console = console_of(request)
    session = console.sessions.open(request.cookies.get(COOKIE))
    return Desk(request, here, console, session or console.sessions.begin(), fresh=session is None, visitor=visitor)


def open_desk(request: Request, here: Here) -> Desk:
    """A desk for whoever comes, known or not."""
    session = console_of(request).sessions.open(request.cookies.get(COOKIE))
    return closed_desk(request, here, visitor_of(request, here, session.key_id if session else ""))


def _reader(desk: Annotated[Desk, Depends(open_desk)]) -> Desk:
    """A desk for those who may read. Raises Unauthenticated and Forbidden."""
    if not desk.visitor.known:
        raise Unauthenticated("log in first", code="key_missing")
    desk.visitor.caller.require(Scope.READ)
    return desk


def _administrator(desk: Annotated[Desk, Depends(_reader)]) -> Desk:
    desk.visitor.caller.require(Scope.ADMIN)
    return desk


def _posted(desk: Annotated[Desk, Depends(open_desk)], csrf: Annotated[str, Form()] = "") -> Desk:
    """A desk that a form of ours was brought to. Raises ProblemError (403) for a form that is not from a page of this session."""
    if not _same_site(desk.request.headers) or not desk.console.sessions.fits(desk.session, csrf):
        raise ProblemError(403, "form_expired", "this form is not from a page of your session; load the page again")
    return desk


def _same_site(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that the request comes from a page of ours; what says nothing is judged by its token alone."""
    site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin")
    return site in {"same-origin", "none"} and (origin is None or urlsplit(origin).netloc == headers.get("host"))


def _pusher(_posted: Annotated[Desk, Depends(_posted)], desk: Annotated[Desk, Depends(_reader)]) -> Desk:
    desk.visitor.caller.require(Scope.INGEST)
    return desk


def _admin(_posted: Annotated[Desk, Depends(_posted)], desk: Annotated[Desk, Depends(_reader)]) -> Desk:
    desk.visitor.caller.require(Scope.ADMIN)
    return desk


Open = Annotated[Desk, Depends(open_desk)]  # anybody's
Posted = Annotated[Desk, Depends(_posted)]  # anybody's form
Visit = Annotated[Desk, Depends(_reader)]  # a reader's
Oversee = Annotated[Desk, Depends(_administrator)]  # an administrator's
Push = Annotated[Desk, Depends(_pusher)]  # the form of somebody who may push
Act = Annotated[Desk, Depends(_admin)]  # an administrator's form
