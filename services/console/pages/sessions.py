"""Sessions: who is logged in to the console, from where, and an end to each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.access import sessions
from services.console.error_pages import PageRoute
from services.console.page_context import ReaderForm, ReaderPage
from services.console.wording import plural

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ListedId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", max_length=64)]


@router.get("/sessions")
def list_sessions(context: ReaderPage) -> Response:
    """Show the sessions of the visitor's key; an admin sees those of all keys."""
    return context.render(
        "sessions.html",
        sessions=sessions.list_sessions(context.services.database, context.visitor.caller),
        current_id=sessions.hash_of(context.session.id),
    )


@router.post("/sessions/{listed_id}/end")
def end_session(listed_id: ListedId, context: ReaderForm) -> Response:
    """End a session at once; if it is the visitor's own, the next page is the login."""
    sessions.end(context.services.database, listed_id, context.visitor.caller)
    return context.redirect("/sessions", notice="The session was ended.")


@router.post("/sessions/end-others")
def end_other_sessions(context: ReaderForm) -> Response:
    """End all sessions of the visitor's key except this one."""
    number = sessions.end_others(context.services.database, context.session.id, context.visitor.caller)
    return context.redirect("/sessions", notice=f"{plural(number, 'session was', 'sessions were')} ended.")
