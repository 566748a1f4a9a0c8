"""Requests to the console as a browser without scripts sends them: pages, and forms with their tokens."""

from __future__ import annotations

import re
from html import unescape

import httpx

from services.audit import log
from services.console.rendering import HEADERS
from services.database.engine import Database

HTML = {"Accept": "text/html"}
FORM_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def get_page(client: httpx.Client, path: str, status: int = 200, /, **query: str) -> str:
    """Return the HTML of a page without entities.

    Every page is checked for its status, its security headers, and the absence of inline scripts and styles.
    """
    response = client.get(path, headers=HTML, params=query or None)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert HEADERS.items() <= {name: response.headers.get(name) for name in HEADERS}.items()
    assert "style=" not in response.text
    assert "<script>" not in response.text
    assert not re.search(r"\son[a-z]+=", response.text)
    return unescape(response.text)


def form_token(client: httpx.Client, path: str = "/try") -> str:
    """Return the token in the forms of a page, which is the same on all pages of a session."""
    match = FORM_TOKEN.search(client.get(path, headers=HTML, follow_redirects=True).text)
    assert match
    return match.group(1)


def post_form(client: httpx.Client, path: str, form_page: str = "/try", **fields: object) -> httpx.Response:
    """Submit a form with the token that ``form_page`` contains."""
    return client.post(path, data={"csrf": form_token(client, form_page), **fields}, headers=HTML)


def audit_entries(database: Database) -> list[tuple[str, str]]:
    """Return action and subject of the audit log's entries, newest first."""
    return [(entry.action, entry.subject) for entry in log.entries(database, limit=100)]
