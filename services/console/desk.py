"""What each page of the console has at hand: who asks, their session, the service's parts, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.console.pulse import Pulse
from services.console.rendering import HEADERS, Renderer
from services.console.sessions import Session, Sessions
from services.web.context import Context, Here
from services.web.problems import ProblemError

COOKIE: Final = "stancewire_session"


@dataclass(frozen=True, slots=True)
class Console:
    """The parts that the console's pages share in one process."""

    renderer: Renderer
    sessions: Sessions
    pulse: Pulse


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks: what they are called, whether they may act, and the feeds they see (None for all)."""

    name: str
    admin: bool
    feeds: frozenset[str] | None


ANYBODY: Final = Visitor("", admin=True, feeds=None)


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
        return self.sealed(self.console.renderer.page(template, common | values, status))

    def go(self, path: str, /, **query: str) -> Response:
        """On to another page, after something was done."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self.sealed(RedirectResponse(target, 303, headers=dict(HEADERS)))

    def sealed(self, response: Response) -> Response:
        """The response with the session's cookie, where the browser has none yet."""
        if self.fresh:
            keep(response, self.request, self.console.sessions, self.session)
        return response


def keep(response: Response, request: Request, sessions: Sessions, session: Session) -> None:
    """Give the browser a session's cookie: out of reach of scripts and of other sites, over https alone where that is used."""
    response.set_cookie(
        COOKIE, sessions.seal(session), httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/"
    )


def console_of(request: Request) -> Console:
    """The console of this application."""
    console = request.app.state.console
    assert isinstance(console, Console)  # noqa: S101 -- put there by install
    return console


def desk_of(request: Request, here: Here) -> Desk:
    """The desk of a request."""
    console = console_of(request)
    session = console.sessions.open(request.cookies.get(COOKIE))
    return Desk(request, here, console, session or console.sessions.begin(), fresh=session is None, visitor=ANYBODY)


def _posted(desk: Annotated[Desk, Depends(desk_of)], csrf: Annotated[str, Form()] = "") -> Desk:
    """A desk that a form of ours was brought to. Raises ProblemError (403) for a form that is not from a page of this session."""
    if not _same_site(desk.request.headers) or not desk.console.sessions.fits(desk.session, csrf):
        raise ProblemError(403, "form_expired", "this form is not from a page of your session; load the page again")
    return desk


def _same_site(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that the request comes from a page of ours; what says nothing is judged by its token alone."""
    site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin")
    return site in {"same-origin", "none"} and (origin is None or urlsplit(origin).netloc == headers.get("host"))


Visit = Annotated[Desk, Depends(desk_of)]
Act = Annotated[Desk, Depends(_posted)]
