"""Templates into responses, with the headers that let a page load and send nothing but what is ours."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.console import wording
from services.version import VERSION

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"

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
    "Cache-Control": "no-store",  # pages hold what a key may see
}


# Name, address, and what a visitor must be for it: a property of Visitor, empty for every reader.
MENU: Final = (
    ("Overview", "/", ""),
    ("Jobs", "/jobs", ""),
    ("Who said what", "/said", ""),
    ("Feeds", "/feeds", ""),
    ("Topics", "/topics", ""),
    ("Try it", "/try", "pushes"),
    ("Keys", "/keys", "admin"),
    ("Audit log", "/audit", "admin"),
)


class Static(StaticFiles):
    """Our own files. Their addresses carry a hash of their content, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for good where it was asked for by its hash."""
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class Renderer:
    """The templates of the console, compiled once a process."""

    def __init__(self) -> None:
        """Load templates and hash the static files."""
        self._versions: dict[str, str] = {}
        environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,  # a misspelt name is a defect, not an empty place
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters |= {
            "ago": wording.ago,
            "instant": wording.instant_text,
            "number": wording.number,
            "percent": wording.percent,
            "span": wording.span,
        }
        environment.globals |= {
            "menu": MENU,
            "static": self.static,
            "plural": wording.plural,
            "words": wording,
            "version": VERSION,
        }
        self._environment = environment

    def static(self, name: str) -> str:
        """The address of one of our files, with the hash of its content."""
        if name not in self._versions:
            self._versions[name] = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
        return f"/static/{name}?v={self._versions[name]}"

    def page(self, template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """A page, or a part of one."""
        return HTMLResponse(self._environment.get_template(template).render(values), status, headers=dict(HEADERS))
