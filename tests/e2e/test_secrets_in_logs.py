"""No key and no body in any log of a running service, whatever goes wrong with them: tracebacks included."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.stack import QUICK, Up, client_of, up

Eventually = Callable[[Callable[[], bool], float], None]
BODY = "Ornithological Commissioner Zephyrine Quillfeather said the heron budget was a scandal."
CANARIES = ("Zephyrine", "Quillfeather", "heron budget")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Up]:
    settings = {
        "STANCEWIRE_PIPELINE__MODEL": "rules",
        "STANCEWIRE_WORKER__PROCESSES": "1",
        "STANCEWIRE_WORKER__MAX_ATTEMPTS": "1",
    }
    with up(tmp_path / "state", **(QUICK | settings)) as running:
        yield running


def logs(stack: Up) -> dict[str, str]:
    """All that the processes have said, by file."""
    said = {file.name: file.read_text(errors="replace") for file in (stack.state_dir / "logs").iterdir()}
    return said | {"up.log": stack.said()}


def break_inserts(stack: Up, table: str) -> None:
    """From now on the database refuses rows of this table, in a way that nobody expects."""
    with sqlite3.connect(stack.state_dir / "stancewire.db", timeout=10) as connection:
        refuse = f"CREATE TRIGGER broken_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'a defect'); END"
        connection.execute(refuse)
    connection.close()


def mend_inserts(stack: Up, table: str) -> None:
    with sqlite3.connect(stack.state_dir / "stancewire.db", timeout=10) as connection:
        connection.execute(f"DROP TRIGGER broken_{table}")
    connection.close()


def test_keys_and_bodies_are_in_no_log(stack: Up, eventually: Eventually) -> None:
    made = stack.client.post("/v1/keys", json={"name": "wire", "scopes": ["ingest", "read"], "feeds": ["wire"]}).json()
    wire = client_of(stack.url, made["key"])
    wrong = made["key"][:-4] + "0000"
    push_wrongly(stack, wire, wrong)
    done = wire.post("/v1/articles", json={"body": BODY}, headers={"Prefer": "wait=20"}).json()
    assert done["metadata"]["state"] == "succeeded"
    assert all(name in wire.get(done["result"]["href"]).text for name in CANARIES)

    break_inserts(stack, "articles")  # a defect in the API, with the body among the statement's values
    assert wire.post("/v1/articles", json={"body": BODY + " Again."}).status_code == 500
    assert stack.client.post("/v1/articles:batch", content=f'{{"body": "{BODY} Twice."}}').status_code == 500
    mend_inserts(stack, "articles")
    break_inserts(stack, "results")  # and one in the worker, with the result's document
    failed = wire.post("/v1/articles", json={"body": BODY + " At last."}).json()
    eventually(lambda: bool(wire.get(f"/v1/jobs/{failed['id']}").json()["done"]), 40)
    mend_inserts(stack, "results")
    reason = wire.get(f"/v1/jobs/{failed['id']}").json()["error"]["detail"]
    stack.client.delete(f"/v1/keys/{made['id']}")
    assert wire.get("/v1/jobs").status_code == 401
    wire.close()

    said = logs(stack)
    assert "IntegrityError" in said["api.log"], "a defect leaves its traceback"
    assert "IntegrityError" in said["worker.log"], "as it does in a worker"
    secrets = [stack.key.rpartition("_")[2], made["key"].rpartition("_")[2], wrong.rpartition("_")[2]]
    for name, text in (said | {"the job's reason": reason}).items():
        for canary in (*CANARIES, *secrets):
            assert canary not in text, f"{canary} in {name}"


def push_wrongly(stack: Up, wire: object, wrong: str) -> None:
    """Requests that are refused in many ways, each with a body or a key that a careless line would repeat."""
    import httpx

    assert isinstance(wire, httpx.Client)
    assert wire.post("/v1/articles", content=b'{"body": "' + BODY.encode(), headers=JSON).status_code == 400
    assert wire.post("/v1/articles", content=BODY.encode(), headers={"Content-Type": "text/plain"}).status_code == 415
    assert wire.post("/v1/articles", json={"body": BODY, BODY: 1}).status_code == 422
    assert wire.post("/v1/articles", json={"body": BODY, "title": [BODY]}).status_code == 422
    assert wire.post("/v1/articles", json={"body": BODY, "feed": "other"}).status_code == 403
    assert wire.post("/v1/articles", json={"body": BODY * 15_000}).status_code == 413
    assert wire.post("/v1/articles:batch", content=f"{BODY}\n{BODY}").status_code == 200
    assert wire.get(f"/v1/jobs/{BODY}").status_code == 422
    with httpx.Client(base_url=stack.url) as nobody:
        assert nobody.get("/v1/jobs", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
        assert nobody.get("/v1/jobs", headers={"Authorization": f"Basic {stack.key}"}).status_code == 401
        assert nobody.get("/v1/jobs", params={"key": stack.key}).status_code == 401
        assert nobody.get(f"/{stack.key}", headers={"X-Api-Key": stack.key}).status_code == 404


def test_what_a_service_keeps_is_its_owners_alone(stack: Up) -> None:
    stack.client.post("/v1/articles", json={"body": BODY}).raise_for_status()
    found = [stack.state_dir, *stack.state_dir.rglob("*")]
    assert {"stancewire.db", "admin.key", "api.log", "redis.sock"} <= {file.name for file in found}
    open_to_others = [str(file) for file in found if stat.S_IMODE(file.stat().st_mode) & 0o077]
    assert open_to_others == []


def test_answers_name_no_server(stack: Up) -> None:
    for path in ("/healthz", "/v1/jobs", "/nothing"):
        assert "server" not in stack.client.get(path).headers
