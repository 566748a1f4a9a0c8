"""Logs of a running service contain no key and no body, whatever goes wrong; tracebacks included."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.stack import SHORT_LIMITS, Stack, open_client, start_stack

Eventually = Callable[[Callable[[], bool], float], None]
BODY = "Ornithological Commissioner Zephyrine Quillfeather said the heron budget was a scandal."
CANARIES = ("Zephyrine", "Quillfeather", "heron budget")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    settings = {
        "STANCEWIRE_PIPELINE__MODEL": "rules",
        "STANCEWIRE_WORKER__PROCESSES": "1",
        "STANCEWIRE_WORKER__MAX_ATTEMPTS": "1",
    }
    with start_stack(tmp_path / "state", **(SHORT_LIMITS | settings)) as running_stack:
        yield running_stack


def logs(stack: Stack) -> dict[str, str]:
    """Return the output of all processes, by file."""
    outputs = {file.name: file.read_text(errors="replace") for file in (stack.state_dir / "logs").iterdir()}
    return outputs | {"up.log": stack.read_output()}


def break_inserts(stack: Stack, table: str) -> None:
    """Make the database reject rows of this table, with an error that the code does not expect."""
    with sqlite3.connect(stack.state_dir / "stancewire.db", timeout=10) as connection:
        trigger = f"CREATE TRIGGER broken_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'a defect'); END"
        connection.execute(trigger)
    connection.close()


def repair_inserts(stack: Stack, table: str) -> None:
    with sqlite3.connect(stack.state_dir / "stancewire.db", timeout=10) as connection:
        connection.execute(f"DROP TRIGGER broken_{table}")
    connection.close()


def test_no_log_contains_a_key_or_a_body(stack: Stack, eventually: Eventually) -> None:
    wire_key = stack.client.post(
        "/v1/keys", json={"name": "wire", "scopes": ["ingest", "read"], "feeds": ["wire"]}
    ).json()
    wire = open_client(stack.url, wire_key["key"])
    wrong_token = wire_key["key"][:-4] + "0000"
    send_bad_requests(stack, wire, wrong_token)
    job = wire.post("/v1/articles", json={"body": BODY}, headers={"Prefer": "wait=20"}).json()
    assert job["metadata"]["state"] == "succeeded"
    assert all(name in wire.get(job["result"]["href"]).text for name in CANARIES)

    break_inserts(stack, "articles")  # a defect in the API, whose statement has the body among its values
    assert wire.post("/v1/articles", json={"body": BODY + " Again."}).status_code == 500
    assert stack.client.post("/v1/articles:batch", content=f'{{"body": "{BODY} Twice."}}').status_code == 500
    repair_inserts(stack, "articles")
    break_inserts(stack, "results")  # a defect in the worker, whose statement has the result document
    failed = wire.post("/v1/articles", json={"body": BODY + " At last."}).json()
    eventually(lambda: bool(wire.get(f"/v1/jobs/{failed['id']}").json()["done"]), 40)
    repair_inserts(stack, "results")
    reason = wire.get(f"/v1/jobs/{failed['id']}").json()["error"]["detail"]
    stack.client.delete(f"/v1/keys/{wire_key['id']}")
    assert wire.get("/v1/jobs").status_code == 401
    wire.close()

    outputs = logs(stack)
    assert "IntegrityError" in outputs["api.log"], "a defect is logged with its traceback"
    assert "IntegrityError" in outputs["worker.log"]
    secrets = [stack.key.rpartition("_")[2], wire_key["key"].rpartition("_")[2], wrong_token.rpartition("_")[2]]
    for name, text in (outputs | {"the job's reason": reason}).items():
        for canary in (*CANARIES, *secrets):
            assert canary not in text, f"{canary} in {name}"


def send_bad_requests(stack: Stack, wire: object, wrong_token: str) -> None:
    """Send requests that are refused in many ways, each with a body or a key that a log line might repeat."""
    import httpx

    assert isinstance(wire, httpx.Client)
    assert wire.post("/v1/articles", content=b'{"body": "' + BODY.encode(), headers=JSON).status_code == 400
    assert wire.post("/v1/articles", content=BODY.encode(), headers={"Content-Type": "text/plain"}).status_code == 202
    assert wire.post("/v1/articles", json={"body": BODY, BODY: 1}).status_code == 422
    assert wire.post("/v1/articles", json={"body": BODY, "title": [BODY]}).status_code == 422
    assert wire.post("/v1/articles", json={"body": BODY, "feed": "other"}).status_code == 403
    assert wire.post("/v1/articles", json={"body": BODY * 15_000}).status_code == 413
    assert wire.post("/v1/articles:batch", content=f"{BODY}\n{BODY}").status_code == 200
    assert wire.get(f"/v1/jobs/{BODY}").status_code == 422
    with httpx.Client(base_url=stack.url) as client:
        assert client.get("/v1/jobs", headers={"Authorization": f"Bearer {wrong_token}"}).status_code == 401
        assert client.get("/v1/jobs", headers={"Authorization": f"Basic {stack.key}"}).status_code == 401
        assert client.get("/v1/jobs", params={"key": stack.key}).status_code == 401
        assert client.get(f"/{stack.key}", headers={"X-Api-Key": stack.key}).status_code == 404


def test_files_of_a_service_are_readable_only_by_their_owner(stack: Stack) -> None:
    stack.client.post("/v1/articles", json={"body": BODY}).raise_for_status()
    files = [stack.state_dir, *stack.state_dir.rglob("*")]
    assert {"stancewire.db", "admin.key", "api.log", "redis.sock"} <= {file.name for file in files}
    open_to_others = [str(file) for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077]
    assert open_to_others == []


def test_responses_do_not_name_the_server_software(stack: Stack) -> None:
    for path in ("/healthz", "/v1/jobs", "/nothing"):
        assert "server" not in stack.client.get(path).headers
