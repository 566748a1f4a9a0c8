"""The real application under a real server on a free loopback port, and the actions of a worker."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from services.access import keys
from services.application import create_app
from services.caller import Scope, local
from services.database.engine import Database
from services.database.tables import articles
from services.errors import PermanentError, StoreUnavailable, TransientError
from services.jobs import leases
from services.jobs.leases import LeasedJob
from services.settings import Settings
from tests.support.ledger import result_of, set_row
from tests.support.tls import TLS

PROBLEM = "application/problem+json"
NO_REDIS = "redis://127.0.0.1:1/0"  # nothing listens on this port, so connections are refused at once


class _Server(uvicorn.Server):
    """A server that notices within milliseconds that it shall stop; uvicorn's own looks every tenth of a second."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110 -- another thread sets ``should_exit``
            await asyncio.sleep(0.01)


class Api:
    """The application of an API process in a thread. ``client`` sends requests with an admin key, over TCP."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            ws="none",
            proxy_headers=False,  # as `stancewire api` runs it
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._clients: list[httpx.Client] = []
        self.key = admin_key(self.app.state.services.database)
        self.client = self.client_of(self.key)

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert self._thread.is_alive(), "the server ended while starting"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.005)

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def await_reassessment(self) -> None:
        """Wait until the next push is assessed again: after a second, or later where the last measurement was slow."""
        admission = self.app.state.services.admission
        deadline = time.monotonic() + 20
        while admission._assessment.is_fresh():
            assert time.monotonic() < deadline, "an assessment is used for at most ten seconds"
            time.sleep(0.02)

    def client_of(self, key: str | None) -> httpx.Client:
        """Return a client with this key, or with none."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        url = f"http://127.0.0.1:{self.port}"
        client = httpx.Client(base_url=url, trust_env=False, timeout=40, headers=headers, verify=TLS)
        self._clients.append(client)
        return client

    def push(self, body: str = "The minister said no.", **fields: Any) -> httpx.Response:
        return self.client.post("/v1/articles", json={"body": body, **fields})

    def push_id(self, body: str = "The minister said no.", **fields: Any) -> UUID:
        """Push an article that is accepted, and return the ID of its job."""
        return UUID(self.push(body, **fields).raise_for_status().json()["id"])


def admin_key(database: Database) -> str:
    """Create an admin key; without a database, return a key that does not exist."""
    try:
        return make_key(database, Scope.ADMIN)
    except StoreUnavailable:
        return f"swk_{'0' * 12}_{'0' * 48}"


def make_key(
    database: Database, *scopes: Scope, feeds: tuple[str, ...] | None = None, expires_s: int | None = None
) -> str:
    """Create a key with these scopes, for every feed or for those named, and return its token."""
    _, token = keys.create(database, name="test", scopes=scopes, feeds=feeds, by=local(), expires_s=expires_s)
    return token


def api_settings(database: Database, /, **settings: Any) -> Settings:
    """Return the settings of an API process on this database; without Redis unless ``redis_url`` is given.

    Requests without a key are not limited unless ``access`` sets a limit.
    """
    settings["access"] = {"failures_per_s": 0} | settings.get("access", {})
    return Settings(database_url=url_of(database), **({"redis_url": NO_REDIS} | settings))


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def lease_job(database: Database, job_id: UUID, lease_s: float = 30) -> LeasedJob:
    """Lease one job, whatever the application's dispatch thread does to the window meanwhile."""
    message = uuid4()
    set_row(database, job_id, message_id=message, dispatched_at=0)
    [leased] = leases.lease(database, message, [job_id], lease_s)
    return leased


def complete_job(database: Database, job_id: UUID) -> LeasedJob:
    """Lease and complete a job, as a worker does with an article that it can analyse."""
    leased = lease_job(database, job_id)
    leases.complete(database, leased, result_of(leased))
    return leased


def fail_job(
    database: Database, job_id: UUID, code: str = "language_unsupported", detail: str = "it is in French"
) -> None:
    """Lease a job and fail it, as a worker does with an article that cannot be analysed."""
    leases.fail(database, lease_job(database, job_id), PermanentError(detail, code=code))


def exhaust_attempts(database: Database, job_id: UUID) -> None:
    """Make a job dead: its only attempt ends with a temporary error."""
    reason = TransientError("the model was not ready")
    leases.requeue(database, lease_job(database, job_id), reason, max_attempts=1, delay_s=0)


def count_articles(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(articles)).scalar_one()


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that a response is this problem, and return its body."""
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM), response.text
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:stancewire:problem:{code}")
    assert body["title"]
    assert body["detail"]
    return body


def read_metrics(api: Api) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the samples of /metrics by name and labels."""
    response = api.client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def push_batch(api: Api, *lines: object, **headers: str) -> httpx.Response:
    content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return api.client.post(
        "/v1/articles:batch", content=content, headers={"Content-Type": "application/x-ndjson"} | headers
    )
