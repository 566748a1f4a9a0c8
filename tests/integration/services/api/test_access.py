"""Every route of the OpenAPI document rejects requests without a key and without its scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.caller import Scope
from services.database.engine import Database
from services.errors import StoreFault, StoreUnavailable
from tests.integration.conftest import Serve
from tests.support.api import Api, assert_problem, make_key

OPEN_PATHS = {"/healthz", "/readyz"}
SIGNED = {  # senders that have no key: each route checks a signature, or that the request changes nothing
    "/v1/push/{feed}",
    "/v1/push/superdesk/{feed}",
    "/v1/push/superdesk/{feed}/assets",
    "/v1/push/superdesk/{feed}/assets/{media_id}",
    "/v1/push/websub/{callback}",
}
METRICS = "/metrics"  # the setting `access.metrics` says who needs a key: by default every request


# The scope that a key needs for each route. A new route fails the tests until its scope is decided here.
SCOPES: dict[tuple[str, str], Scope] = {
    ("POST", "/v1/articles"): Scope.INGEST,
    ("POST", "/v1/articles:batch"): Scope.INGEST,
    ("POST", "/v1/articles/{article_id}:withdraw"): Scope.INGEST,
    ("POST", "/v1/articles/{article_id}:reinstate"): Scope.INGEST,
    ("GET", "/v1/articles"): Scope.READ,
    ("GET", "/v1/articles/{article_id}"): Scope.READ,
    ("DELETE", "/v1/jobs/{job_id}"): Scope.INGEST,
    ("GET", "/v1/jobs"): Scope.READ,
    ("GET", "/v1/jobs/{job_id}"): Scope.READ,
    ("GET", "/v1/jobs/{job_id}/result"): Scope.READ,
    ("GET", "/v1/results"): Scope.READ,
    ("GET", "/v1/attributions"): Scope.READ,
    ("GET", "/v1/stances"): Scope.READ,
    ("GET", "/v1/entities"): Scope.READ,
    ("GET", "/v1/attributions.atom"): Scope.READ,
    ("GET", "/v1/stances.atom"): Scope.READ,
    ("GET", "/v1/results/stream"): Scope.READ,
    ("GET", "/v1/stances/timeline"): Scope.READ,
    ("POST", "/v1/jobs/{job_id}:retry"): Scope.ADMIN,
    ("POST", "/v1/jobs/{job_id}:drop"): Scope.ADMIN,
    ("GET", "/v1/feeds"): Scope.READ,
    ("GET", "/v1/feeds/{name}"): Scope.READ,
    ("POST", "/v1/feeds"): Scope.ADMIN,
    ("PATCH", "/v1/feeds/{name}"): Scope.ADMIN,
    ("GET", "/v1/feeds/{feed}/sources"): Scope.READ,
    ("POST", "/v1/feeds/{feed}/sources"): Scope.ADMIN,
    ("GET", "/v1/feeds/{feed}/sources/{source_id}"): Scope.READ,
    ("PATCH", "/v1/feeds/{feed}/sources/{source_id}"): Scope.ADMIN,
    ("DELETE", "/v1/feeds/{feed}/sources/{source_id}"): Scope.ADMIN,
    ("POST", "/v1/feeds/{feed}/sources/{source_id}:fetch"): Scope.ADMIN,
    ("GET", "/v1/feeds/{feed}/activity"): Scope.READ,
    ("GET", "/v1/feeds/{feed}/refusals/{refusal_id}/document"): Scope.READ,
    ("DELETE", "/v1/feeds/{feed}/refusals"): Scope.ADMIN,
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
    # A key manages its own webhooks and watches, which tell it no more than it may read.
    ("GET", "/v1/webhooks"): Scope.READ,
    ("POST", "/v1/webhooks"): Scope.READ,
    ("GET", "/v1/webhooks/{webhook_id}"): Scope.READ,
    ("PATCH", "/v1/webhooks/{webhook_id}"): Scope.READ,
    ("DELETE", "/v1/webhooks/{webhook_id}"): Scope.READ,
    ("POST", "/v1/webhooks/{webhook_id}:rotate"): Scope.READ,
    ("POST", "/v1/webhooks/{webhook_id}:test"): Scope.READ,
    ("GET", "/v1/webhooks/{webhook_id}/deliveries"): Scope.READ,
    ("POST", "/v1/webhooks/{webhook_id}/deliveries:redeliver"): Scope.READ,
    ("GET", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}"): Scope.READ,
    ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}:redeliver"): Scope.READ,
    ("GET", "/v1/watches"): Scope.READ,
    ("POST", "/v1/watches"): Scope.READ,
    ("GET", "/v1/watches/{watch_id}"): Scope.READ,
    ("PATCH", "/v1/watches/{watch_id}"): Scope.READ,
    ("DELETE", "/v1/watches/{watch_id}"): Scope.READ,
    ("GET", "/v1/stories/{story_id}"): Scope.READ,
    ("GET", "/v1/topics"): Scope.READ,
    ("GET", "/v1/topics/{topic_id}"): Scope.READ,
    ("POST", "/v1/topics"): Scope.ADMIN,
    ("PATCH", "/v1/topics/{topic_id}"): Scope.ADMIN,
    ("DELETE", "/v1/topics/{topic_id}"): Scope.ADMIN,
}


@pytest.fixture(scope="module")
def document(shared_api: tuple[Api, Database]) -> dict[str, Any]:
    document: dict[str, Any] = shared_api[0].client.get("/openapi.json").json()
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def request_route(api: Api, key: str | None, method: str, path: str) -> httpx.Response:
    """Send a request with valid path parameters, and a body that is not JSON."""
    path_with_ids = path.replace("{key_id}", "0" * 12)
    while "{" in path_with_ids:
        start, end = path_with_ids.index("{"), path_with_ids.index("}")
        path_with_ids = path_with_ids[:start] + str(uuid4()) + path_with_ids[end + 1 :]
    endless = {"after": "eA"} if path.endswith("/stream") else None  # refused behind the scope, as no cursor of ours
    return api.client_of(key).request(
        method, path_with_ids, params=endless, content=b"{" if method in {"POST", "PUT", "PATCH"} else None
    )


def test_every_route_has_an_expected_scope_and_documents_its_key(document: dict[str, Any]) -> None:
    protected = {
        (method, path): operation
        for method, path, operation in operations(document)
        if path not in OPEN_PATHS | SIGNED | {METRICS}
    }
    assert set(protected) == set(SCOPES)
    for (method, path), operation in protected.items():
        assert operation["security"] == [{"key": []}], (method, path)
        assert {"401", "403"} <= set(operation["responses"]), (method, path)
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_request_without_key_is_rejected_before_its_body_is_parsed(
    shared_api: tuple[Api, Database], document: dict[str, Any]
) -> None:
    for method, path, _ in operations(document):
        response = request_route(shared_api[0], None, method, path)
        if path in SIGNED:
            assert response.status_code in {200, 201, 401, 404, 410, 422, 503}, path
        elif path in OPEN_PATHS:
            assert response.status_code != 401, path
        else:
            assert_problem(response, 401, "key_missing")


@pytest.mark.parametrize("key_scope", [Scope.INGEST, Scope.READ])
def test_request_without_the_scope_of_the_route_is_rejected(
    shared_api: tuple[Api, Database], document: dict[str, Any], key_scope: Scope
) -> None:
    api, database = shared_api
    key = make_key(database, key_scope)
    for (method, path), route_scope in SCOPES.items():
        response = request_route(api, key, method, path)
        if key_scope is route_scope:
            assert response.status_code not in {401, 403}, (method, path, response.text)
        else:
            assert response.status_code == 403, (method, path, response.text)
            assert_problem(response, 403, "forbidden")
            assert f'scope="{route_scope}"' in response.headers["www-authenticate"]


def test_unknown_path_without_key_is_rejected(shared_api: tuple[Api, Database]) -> None:
    for path in ("/v1", "/v1/", "/v1/nothing", "/v1/jobs/", "/v1//jobs", "/v1/%6aobs"):
        assert_problem(request_route(shared_api[0], None, "GET", path), 401, "key_missing")


def test_large_body_without_key_is_rejected_before_it_is_read(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    assert_problem(api.client_of(None).post("/v1/articles", content=b"x" * 10_000_000), 401, "key_missing")


def test_rejected_requests_are_counted(sqlite_api: Api) -> None:
    request_route(sqlite_api, None, "GET", "/v1/jobs")
    page = sqlite_api.client.get("/metrics").text
    assert 'stancewire_requests_unauthenticated_total{code="key_missing"} 1.0' in page
    assert 'stancewire_http_requests_total{method="GET",route="none",status="401"} 1.0' in page


def test_metrics_while_keys_cannot_be_looked_up_are_given_to_a_known_key_and_unavailable_to_others(
    serve: Serve, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(sqlite_database, access={"cache_s": 0.001})
    known = make_key(sqlite_database, Scope.READ)
    assert api.client_of(known).get("/metrics").status_code == 200

    def fail(*_arguments: object) -> None:
        raise StoreUnavailable("no reply", StoreFault.NO_ANSWER)

    monkeypatch.setattr("services.access.keys.find", fail)
    assert api.client_of(known).get("/metrics").status_code == 200
    assert_problem(api.client_of(f"{known[:-1]}x").get("/metrics"), 401, "key_missing")
    unknown = f"{known[:-48]}{'0' * 48}".replace(known[4:16], "0" * 12)
    assert_problem(api.client_of(unknown).get("/metrics"), 503, "store_unavailable")
    assert_problem(api.client_of(known).get("/v1/jobs"), 503, "store_unavailable")
