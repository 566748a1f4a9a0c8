"""Every route of the OpenAPI document refuses without a key and without its scope; what is open is written down here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, make_key, problem

OPEN = {"/healthz", "/readyz", "/metrics"}
# The least a key needs for each route; a route that is not named here fails the test until somebody has decided.
SCOPES: dict[tuple[str, str], Scope] = {
    ("POST", "/v1/articles"): Scope.INGEST,
    ("POST", "/v1/articles:batch"): Scope.INGEST,
    ("POST", "/v1/articles/{article_id}:withdraw"): Scope.INGEST,
    ("DELETE", "/v1/jobs/{job_id}"): Scope.INGEST,
    ("GET", "/v1/jobs"): Scope.READ,
    ("GET", "/v1/jobs/{job_id}"): Scope.READ,
    ("GET", "/v1/jobs/{job_id}/result"): Scope.READ,
    ("GET", "/v1/results"): Scope.READ,
    ("GET", "/v1/attributions"): Scope.READ,
    ("GET", "/v1/stances"): Scope.READ,
    ("GET", "/v1/stances/timeline"): Scope.READ,
    ("POST", "/v1/jobs/{job_id}:retry"): Scope.ADMIN,
    ("POST", "/v1/jobs/{job_id}:drop"): Scope.ADMIN,
    ("GET", "/v1/feeds"): Scope.READ,
    ("GET", "/v1/feeds/{name}"): Scope.READ,
    ("POST", "/v1/feeds"): Scope.ADMIN,
    ("PATCH", "/v1/feeds/{name}"): Scope.ADMIN,
    ("GET", "/v1/audit"): Scope.ADMIN,
    ("POST", "/v1/jobs/{job_id}:reprioritise"): Scope.ADMIN,
    ("POST", "/v1/jobs:retry"): Scope.ADMIN,
    ("POST", "/v1/jobs:drop"): Scope.ADMIN,
    ("POST", "/v1/jobs:cancel"): Scope.ADMIN,
    ("POST", "/v1/jobs:reprioritise"): Scope.ADMIN,
    ("GET", "/v1/pauses"): Scope.ADMIN,
    ("PUT", "/v1/pause"): Scope.ADMIN,
    ("DELETE", "/v1/pause"): Scope.ADMIN,
    ("PUT", "/v1/feeds/{feed}/pause"): Scope.ADMIN,
    ("DELETE", "/v1/feeds/{feed}/pause"): Scope.ADMIN,
    ("DELETE", "/v1/articles/{article_id}"): Scope.ADMIN,
    ("GET", "/v1/keys"): Scope.ADMIN,
    ("POST", "/v1/keys"): Scope.ADMIN,
    ("DELETE", "/v1/keys/{key_id}"): Scope.ADMIN,
    ("GET", "/v1/topics"): Scope.READ,
    ("GET", "/v1/topics/{topic_id}"): Scope.READ,
    ("POST", "/v1/topics"): Scope.ADMIN,
    ("PATCH", "/v1/topics/{topic_id}"): Scope.ADMIN,
    ("DELETE", "/v1/topics/{topic_id}"): Scope.ADMIN,
}


@pytest.fixture(scope="module")
def document(shared_api: tuple[Api, Database]) -> dict[str, Any]:
    found: dict[str, Any] = shared_api[0].client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operation in document["paths"].items():
        for method, described in operation.items():
            yield method.upper(), path, described


def ask(api: Api, key: str | None, method: str, path: str) -> httpx.Response:
    """A request to this route: its parts filled in so that they fit, its body no JSON at all."""
    filled = path.replace("{key_id}", "0" * 12)
    while "{" in filled:
        start, end = filled.index("{"), filled.index("}")
        filled = filled[:start] + str(uuid4()) + filled[end + 1 :]
    return api.client_of(key).request(method, filled, content=b"{" if method in {"POST", "PUT", "PATCH"} else None)


def test_every_route_is_known_and_documents_its_key(document: dict[str, Any]) -> None:
    guarded = {(method, path): described for method, path, described in operations(document) if path not in OPEN}
    assert set(guarded) == set(SCOPES)
    for (method, path), described in guarded.items():
        assert described["security"] == [{"key": []}], (method, path)
        assert {"401", "403"} <= set(described["responses"]), (method, path)
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_every_route_refuses_without_a_key_before_it_reads_anything(
    shared_api: tuple[Api, Database], document: dict[str, Any]
) -> None:
    for method, path, _ in operations(document):
        answer = ask(shared_api[0], None, method, path)
        if path in OPEN:
            assert answer.status_code != 401, path
        else:
            problem(answer, 401, "key_missing")


@pytest.mark.parametrize("held", [Scope.INGEST, Scope.READ])
def test_every_route_refuses_without_its_scope(
    shared_api: tuple[Api, Database], document: dict[str, Any], held: Scope
) -> None:
    api, database = shared_api
    key = make_key(database, held)
    for (method, path), needed in SCOPES.items():
        answer = ask(api, key, method, path)
        if held is needed:
            assert answer.status_code not in {401, 403}, (method, path, answer.text)
        else:
            assert answer.status_code == 403, (method, path, answer.text)
            problem(answer, 403, "forbidden")
            assert f'scope="{needed}"' in answer.headers["www-authenticate"]


def test_paths_that_are_no_routes_are_guarded_too(shared_api: tuple[Api, Database]) -> None:
    for path in ("/v1", "/v1/", "/v1/nothing", "/v1/jobs/", "/v1//jobs", "/v1/%6aobs"):
        problem(ask(shared_api[0], None, "GET", path), 401, "key_missing")


def test_a_body_is_not_read_for_nobody(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    problem(api.client_of(None).post("/v1/articles", content=b"x" * 10_000_000), 401, "key_missing")


def test_readyz_tells_details_to_administrators_alone(shared_api: tuple[Api, Database]) -> None:
    api, database = shared_api
    for key in (None, make_key(database, Scope.READ), "swk_nonsense"):
        checks = ask(api, key, "GET", "/readyz").json()["checks"]
        assert checks["redis"] == "Redis does not answer; articles wait in the ledger"
    assert "127.0.0.1" in ask(api, api.key, "GET", "/readyz").json()["checks"]["redis"]


@pytest.mark.parametrize(
    ("setting", "local", "forwarded"), [("open", 200, 200), ("loopback", 200, 401), ("key", 401, 401)]
)
def test_metrics_are_open_as_far_as_the_setting_says(
    sqlite_database: Database, serve: Any, setting: str, local: int, forwarded: int
) -> None:
    api: Api = serve(sqlite_database, access={"metrics": setting})
    nobody = api.client_of(None)
    assert nobody.get("/metrics").status_code == local
    assert nobody.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == forwarded
    assert api.client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    some = api.client_of(make_key(sqlite_database, Scope.READ, feeds=("wire",)))
    assert some.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == (
        200 if setting == "open" else 403
    )


def test_refusals_are_counted(sqlite_api: Api) -> None:
    ask(sqlite_api, None, "GET", "/v1/jobs")
    page = sqlite_api.client.get("/metrics").text
    assert 'stancewire_requests_unauthenticated_total{code="key_missing"} 1.0' in page
    assert 'stancewire_http_requests_total{method="GET",route="none",status="401"} 1.0' in page
