"""The operations of the API as a page (Swagger UI), for whoever writes a client. It needs no login, as the document."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from services.console.rendering import CONTENT_SECURITY_POLICY, render

router = APIRouter(include_in_schema=False)

# Swagger UI's style sheet has its icons inside, as data.
_POLICY: Final = CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")


@router.get("/docs")
def show_api_docs() -> Response:
    """Show every operation with its parameters and answers, and let the reader try it with a key."""
    response = render("api_docs.html", {})
    response.headers["Content-Security-Policy"] = _POLICY
    return response
