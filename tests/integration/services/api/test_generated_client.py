"""A client that openapi-python-client generates from the document: it has every operation, and it works."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from services.database.engine import Database
from tests.support.api import Api, complete_job
from tests.support.speech import Statement, store_result

GENERATOR = Path(sys.prefix) / "generator"


@pytest.fixture
def document(sqlite_api: Api) -> dict[str, Any]:
    document: dict[str, Any] = sqlite_api.client.get("/openapi.json").raise_for_status().json()
    return document


@pytest.fixture
def warnings(document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Generate the package ``generated_client``, make it importable, and return the generator's warnings."""
    if not GENERATOR.exists():
        pytest.skip(f"openapi-python-client is not installed in {GENERATOR}")
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    options = ("--path", "openapi.json", "--meta", "none", "--output-path", "generated_client")
    completed = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(GENERATOR), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    for name in [name for name in sys.modules if name.partition(".")[0] == "generated_client"]:
        del sys.modules[name]
    monkeypatch.syspath_prepend(str(tmp_path))
    return completed.stdout + completed.stderr


def test_generated_client_pushes_waits_fetches_and_searches(
    document: dict[str, Any], warnings: str, sqlite_api: Api, sqlite_database: Database
) -> None:
    complaints = re.findall(r"^WARNING parsing .*\n+(.*)", warnings, re.MULTILINE)
    assert [text for text in complaints if not text.startswith("Unsupported content type")] == [], warnings
    client: Any = importlib.import_module("generated_client")
    models: Any = importlib.import_module("generated_client.models")
    types: Any = importlib.import_module("generated_client.types")
    operations = SimpleNamespace()
    for path in document["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            setattr(operations, name, importlib.import_module(f"generated_client.api.{operation['tags'][0]}.{name}"))

    with client.AuthenticatedClient(base_url=f"http://127.0.0.1:{sqlite_api.port}", token=sqlite_api.key) as connected:
        pushed = operations.push_article.sync(
            client=connected, body=models.Article(body="The mayor said no.", guid="1")
        )
        again = operations.push_article.sync_detailed(
            client=connected, body=models.Article(body="The mayor said no.", guid="1"), idempotency_key="k"
        )
        assert (again.status_code, again.parsed.id) == (200, pushed.id)
        articles = [models.Article(body="She said yes.", guid="2"), models.Article(body="Bad feed.", feed="A B")]
        batch = operations.push_batch.sync(client=connected, body=articles)
        assert [item.status for item in batch.items] == [202, 422]
        assert batch.items[1].problem.errors[0].field == "feed"
        lines = BytesIO(b'{"body": "He said so.", "guid": "3"}\n{"body": "They said so.", "guid": "4"}\n')
        document_of_lines = operations.push_article.sync(client=connected, body=types.File(payload=lines))
        assert [item.status for item in document_of_lines.items] == [202, 202]

        complete_job(sqlite_database, UUID(str(pushed.id)))
        job = operations.get_job.sync(client=connected, job_id=pushed.id, prefer="wait=5")
        assert (job.done, job.metadata.state.value) == (True, "succeeded")
        result = operations.get_result.sync(client=connected, job_id=pushed.id)
        assert (result.job_id, result.text) == (pushed.id, "The mayor said no.")
        missing = operations.get_job.sync(client=connected, job_id=UUID(int=0))
        assert (missing.status, missing.code) == (404, "not_found")

        store_result(sqlite_database, Statement("Ana Ruiz", "the plan is bad", target="Tarva Bank"), guid="5")
        stances = operations.list_stances.sync(client=connected, target="Tarva Bank")
        assert [item.holder for item in stances.items] == ["Ana Ruiz"]
        followed = operations.list_results.sync(client=connected)
        assert [item.guid for item in followed.items] == ["1", "5"]
