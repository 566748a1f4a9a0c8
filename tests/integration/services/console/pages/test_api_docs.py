"""The page of the API's operations; tests/browser looks at it with scripts."""

from __future__ import annotations

import re

from tests.support.api import Api


def test_api_docs_load_only_their_own_files_and_need_no_login(sqlite_api: Api) -> None:
    anonymous = sqlite_api.client_of(None)
    page = anonymous.get("/docs")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    addresses = re.findall(r'(?:src|href|data-document)="([^"]+)"', page.text)
    assert len(addresses) == 5
    for address in addresses:
        assert address.startswith("/")
        assert anonymous.get(address).status_code == 200, address
