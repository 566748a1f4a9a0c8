"""Rendering of templates, static files, and the security headers of every page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.console import wording
from services.version import VERSION

_FOLDER: Final = Path(__file__).parent
STATIC_FOLDER: Final = _FOLDER / "static"

# A page loads its own files only, and sends forms to its own site only.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",  # the content depends on the visitor's key
}


# Label, address, and the property of `Visitor` that shows the entry; empty: every reader sees it.
MENU: Final = (
    ("Overview", "/", ""),
    ("Jobs", "/jobs", ""),
    ("Search", "/said", ""),
    ("Feeds", "/feeds", ""),
    ("Topics", "/topics", ""),
    ("Watches", "/watches", ""),
    ("Try it", "/try", "can_push"),
    ("Keys", "/keys", "is_admin"),
    ("Sessions", "/sessions", "is_admin"),
    ("Audit log", "/audit", "is_admin"),
)


class ConsoleStaticFiles(StaticFiles):
    """The static files of the console. Pages link to them with a hash of their content, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; a request with a content hash (``v=``) may cache it forever."""
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


@cache
def static_url(name: str) -> str:
    """Return the address of a static file, with a hash of its content."""
    return f"/static/{name}?v={hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:12]}"


@cache
def _environment() -> Environment:
    """Return the templates, each compiled once per process."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name raises an error instead of rendering nothing
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "ago": wording.ago,
        "instant": wording.instant_text,
        "number": wording.number,
        "percent": wording.percent,
        "duration": wording.duration,
    }
    environment.globals |= {
        "menu": MENU,
        "static": static_url,
        "plural": wording.plural,
        "words": wording,
        "version": VERSION,
    }
    return environment


def render(template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """Return a page, or a fragment of one, as a response."""
    return HTMLResponse(_environment().get_template(template).render(values), status, headers=dict(HEADERS))
