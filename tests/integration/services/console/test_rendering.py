"""Static files of the console."""

from __future__ import annotations

import re

from tests.support.api import Api
from tests.support.console_forms import get_page


def test_static_files_with_a_hash_are_cacheable(sqlite_api: Api) -> None:
    paths = re.findall(r'(?:href|src)="(/static/[^"]+)"', get_page(sqlite_api.client, "/"))
    assert len(paths) >= 4
    for path in paths:
        response = sqlite_api.client.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
    assert sqlite_api.client.get("/static/console.css").headers["cache-control"] == "no-cache"
    assert sqlite_api.client.get("/static/../mount.py").status_code == 404
