"""Valid and invalid requests generated from the OpenAPI document: no 5xx, and answers that conform to the document."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.hostile.service import FUZZ, Service, running_service

HERE = Path(__file__).parent
EXAMPLES = 400 if FUZZ else 10
# The boundaries of every parameter are some 3500 requests, which take a minute or two.
PHASES = "examples,coverage,fuzzing,stateful" if FUZZ else "examples,fuzzing,stateful"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of this module alone, as these tests revoke keys and erase articles."""
    with running_service(tmp_path_factory.mktemp("openapi")) as running:
        yield running


def run_schemathesis(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = HERE.parents[1]
    program = Path(sys.executable).parent / "schemathesis"
    command = [
        str(program),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
        f"{service.url}/openapi.json",
        "--no-color",
    ]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        cwd=service.folder,
        env=os.environ | {"PYTHONPATH": str(root), "STANCEWIRE_KEY": service.stack.key},
        timeout=3600 if FUZZ else 240,
    )


def test_answers_of_every_operation_conform_to_the_document(service: Service) -> None:
    arguments = [
        f"--phases={PHASES}",
        f"--max-examples={EXAMPLES}",
        "--continue-on-failure",
        *([] if FUZZ else ["--seed=1"]),
    ]
    run = run_schemathesis(service, *arguments)
    output = "\n".join(line[:500] for line in (run.stdout + run.stderr).splitlines())  # some bodies are long
    assert run.returncode == 0, output
    assert "Errors:" not in output, output


def test_every_parameter_is_bounded_and_every_error_is_a_problem_document(service: Service) -> None:
    document = httpx.get(f"{service.url}/openapi.json", timeout=10).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                assert is_bounded(parameter["schema"], document), (method, path, parameter["name"])
            for status, response in operation["responses"].items():
                if status[0] in "45" and path not in {"/healthz", "/readyz"}:
                    assert list(response["content"]) == ["application/problem+json"], (method, path, status)


def is_bounded(schema: dict[str, object], document: dict[str, dict[str, dict[str, dict[str, object]]]]) -> bool:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    if {"enum", "const", "format"} & schema.keys():
        return True
    if schema["type"] in {"integer", "number"}:
        return {"minimum", "maximum"} <= schema.keys()
    return "maxLength" in schema or str(schema.get("pattern", "")).endswith("{0,62}$")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("suffix", "methods"),
    [
        ("", "DELETE, GET, HEAD, OPTIONS"),
        (":retry", "OPTIONS, POST"),
        (":drop", "OPTIONS, POST"),
        ("/result", "GET, HEAD, OPTIONS"),
    ],
)
def test_method_not_allowed_lists_the_allowed_methods(service: Service, method: str, suffix: str, methods: str) -> None:
    if method in methods.split(", "):
        return
    address = f"/v1/jobs/01a20f83-06aa-742c-889a-ecb6041d768b{suffix}"
    answer = service.stack.client.request(method, address)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    answer = service.stack.client.options(address)
    assert (answer.status_code, answer.headers["allow"]) == (204, methods)
