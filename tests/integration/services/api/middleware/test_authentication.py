"""Requests without a valid key: their rate limit, and pages of other sites where keys are not required."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.api.client_address import client_network
from services.database.engine import Database
from tests.support.api import Api, assert_problem, read_metrics

UNKNOWN = f"Bearer swk_{'1' * 12}_{'1' * 48}"


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", UNKNOWN])
def test_repeated_failures_are_429_and_a_valid_key_is_unaffected(
    sqlite_database: Database, serve: Any, authorization: str | None
) -> None:
    api: Api = serve(sqlite_database, access={"failures_per_s": 0.5, "burst_s": 6})
    headers = {} if authorization is None else {"Authorization": authorization}
    with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", headers=headers, trust_env=False) as attacker:
        answers = [attacker.get("/v1/jobs") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401] * 3
        limited = attacker.post("/v1/articles", content=b"{no JSON")
        assert_problem(limited, 429, "too_many_failures")
        assert 1 <= int(limited.headers["Retry-After"]) <= 2
        assert api.client.get("/v1/jobs").status_code == 200, "from the same address"
        assert attacker.get("/healthz").status_code == 200, "open paths are not limited"
        authenticated = attacker.get("/v1/jobs", headers={"Authorization": f"Bearer {api.key}"})
        assert authenticated.status_code == 200, "even over the attacker's connection"
    counted = [
        value for (name, _), value in read_metrics(api).items() if name == "stancewire_requests_unauthenticated_total"
    ]
    assert sum(counted) == 4


def test_failures_are_limited_by_address(sqlite_database: Database, serve: Any) -> None:
    proxies = {"trusted_proxies": "127.0.0.1"}
    api: Api = serve(sqlite_database, api=proxies, access={"failures_per_s": 0.1, "burst_s": 10})
    statuses = []
    for client in ("203.0.113.7", "203.0.113.7", "203.0.113.8"):
        headers = {"X-Forwarded-For": client}  # from a proxy on this machine
        statuses.append(httpx.get(f"http://127.0.0.1:{api.port}/v1/jobs", headers=headers, trust_env=False).status_code)
    assert statuses == [401, 429, 401]


def test_limit_of_zero_is_off(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, access={"failures_per_s": 0, "burst_s": 0.1})
    anonymous = api.client_of(None)
    assert {anonymous.get("/v1/jobs").status_code for _ in range(30)} == {401}


def test_ipv6_site_is_one_network() -> None:
    networks = {"2001:db8::1": "2001:db8::/64", "2001:db8::2:3": "2001:db8::/64", "::ffff:192.0.2.1": "192.0.2.1"}
    for host, network in {**networks, "192.0.2.1": "192.0.2.1", "": ""}.items():
        assert client_network({"client": (host, 1)}) == network
    assert client_network({"client": None}) == ""
    assert len(client_network({"client": ("x" * 10_000, 1)})) == 64


def test_page_of_another_site_may_not_push_without_a_key(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, access={"required": False})
    keyless = api.client_of(None)

    def push(client: httpx.Client, site: str) -> httpx.Response:
        headers = {"Content-Type": "text/plain", "Sec-Fetch-Site": site}
        return client.post("/v1/articles", content="The minister said no.", headers=headers)

    assert_problem(push(keyless, "cross-site"), 403, "cross_site")
    assert_problem(push(keyless, "same-site"), 403, "cross_site")
    assert push(keyless, "same-origin").status_code == 202
    assert keyless.get("/v1/jobs", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert push(api.client, "cross-site").status_code == 200, "a page that knows a key was given it"
