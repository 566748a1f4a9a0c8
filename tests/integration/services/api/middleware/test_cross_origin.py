"""Calls from web pages of other origins."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.database.engine import Database
from services.settings import Api as ApiSettings
from tests.integration.conftest import Serve
from tests.support.api import Api

DESK = "https://desk.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}


def test_page_of_an_allowed_origin_may_ask_and_read_the_headers(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, api={"cors_origins": f"{DESK}, https://lab.example:8443"})
    anonymous = api.client_of(None)
    preflight = anonymous.options("/v1/articles", headers=PREFLIGHT | {"Origin": DESK})
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, DESK)
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    answer = api.client.get("/v1/jobs", headers={"Origin": DESK})
    assert answer.headers["Access-Control-Allow-Origin"] == DESK
    assert {"Location", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in answer.headers
    refused = anonymous.get("/v1/jobs", headers={"Origin": DESK})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, DESK)


def test_page_of_another_origin_may_not(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, api={"cors_origins": DESK})
    preflight = api.client.options("/v1/articles", headers=PREFLIGHT | {"Origin": "https://evil.example"})
    assert preflight.status_code == 400
    answer = api.client.get("/v1/jobs", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_origin_is_allowed_by_default(sqlite_api: Api) -> None:
    preflight = sqlite_api.client.options("/v1/articles", headers=PREFLIGHT | {"Origin": DESK})
    assert not any(name.startswith("access-control") for name in preflight.headers)


@pytest.mark.parametrize(
    "value", ["desk.example", "https://desk.example/app", "https://Desk.example", "https://*.x.y/"]
)
def test_origin_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="is not an origin"):
        ApiSettings(cors_origins=value)
