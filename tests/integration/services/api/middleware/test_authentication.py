"""Who comes too often without a key that works."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.api.middleware.authentication import _network
from services.database.engine import Database
from tests.support.api import Api, problem, samples

UNKNOWN = f"Bearer swk_{'1' * 12}_{'1' * 48}"


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", UNKNOWN])
def test_too_many_failures_are_429_and_a_good_key_goes_on(
    sqlite_database: Database, serve: Any, authorization: str | None
) -> None:
    api: Api = serve(sqlite_database, access={"failures_per_s": 0.5, "burst_s": 6})
    headers = {} if authorization is None else {"Authorization": authorization}
    with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", headers=headers, trust_env=False) as guesser:
        answers = [guesser.get("/v1/jobs") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401] * 3
        refused = guesser.post("/v1/articles", content=b"{no JSON")
        problem(refused, 429, "too_many_failures")
        assert 1 <= int(refused.headers["Retry-After"]) <= 2
        assert api.client.get("/v1/jobs").status_code == 200, "from the same address"
        assert guesser.get("/healthz").status_code == 200, "what needs no key is open"
        right = guesser.get("/v1/jobs", headers={"Authorization": f"Bearer {api.key}"})
        assert right.status_code == 200, "even over the guesser's own connection"
    counted = [
        value for (name, _), value in samples(api).items() if name == "stancewire_requests_unauthenticated_total"
    ]
    assert sum(counted) == 4


def test_addresses_have_their_own_count(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, access={"failures_per_s": 0.1, "burst_s": 10})
    asked = []
    for client in ("203.0.113.7", "203.0.113.7", "203.0.113.8"):
        headers = {"X-Forwarded-For": client}  # from a proxy on this machine
        asked.append(httpx.get(f"http://127.0.0.1:{api.port}/v1/jobs", headers=headers, trust_env=False).status_code)
    assert asked == [401, 429, 401]


def test_no_limit_is_no_limit(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, access={"failures_per_s": 0, "burst_s": 0.1})
    nobody = api.client_of(None)
    assert {nobody.get("/v1/jobs").status_code for _ in range(30)} == {401}


def test_a_site_is_one_address() -> None:
    named = {"2001:db8::1": "2001:db8::/64", "2001:db8::2:3": "2001:db8::/64", "::ffff:192.0.2.1": "192.0.2.1"}
    for host, name in {**named, "192.0.2.1": "192.0.2.1", "": ""}.items():
        assert _network({"client": (host, 1)}) == name
    assert _network({"client": None}) == ""
