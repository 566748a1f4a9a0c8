"""Requests to the search routes."""

from __future__ import annotations

from typing import Any

from tests.support.api import Api


def fetch_items(api: Api, path: str, **filters: Any) -> list[dict[str, Any]]:
    response = api.client.get(f"/v1/{path}", params=filters)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items
