"""The console's pages as a browser without scripts would ask for them and send their forms."""

from __future__ import annotations

import re
from html import unescape

import httpx

from services.audit import log
from services.database.engine import Database

PAGE = {"Accept": "text/html"}
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def page(client: httpx.Client, path: str, status: int = 200, **query: str) -> str:
    answer = client.get(path, headers=PAGE, params=query or None)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


def post(client: httpx.Client, path: str, **fields: object) -> httpx.Response:
    token = TOKEN.search(client.get("/try", headers=PAGE).text)
    assert token
    return client.post(path, data={"csrf": token.group(1), **fields}, headers=PAGE)


def acts(database: Database) -> list[tuple[str, str]]:
    return [(entry.action, entry.subject) for entry in log.entries(database, limit=100)]
