"""Formats that run code when they are read (pickle and similar) occur neither in our code nor in Celery's settings."""

from __future__ import annotations

import ast

import pytest

from services.dispatch.celery_app import Role, create_celery
from services.settings import Broker
from tests.support import paths

ROOT = paths.ROOT
SOURCES = sorted(file for folder in ("services", "workers") for file in (ROOT / folder).rglob("*.py"))
MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}
CALLS = {"eval", "exec"}


def offences(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in CALLS:
                found.append(node.func.id)
            found += [
                word.arg for word in node.keywords if word.arg == "allow_pickle" and ast.unparse(word.value) != "False"
            ]
        found += [name for name in names if name.partition(".")[0] in MODULES]
    return found


def test_our_code_reads_no_pickle() -> None:
    assert len(SOURCES) > 100
    assert {
        str(file): offences(ast.parse(file.read_text())) for file in SOURCES if offences(ast.parse(file.read_text()))
    } == {}


def test_what_forbids_pickle_is_no_offence() -> None:
    assert offences(ast.parse("load(file, allow_pickle=False)")) == []


@pytest.mark.parametrize(
    "code", ["import pickle", "from marshal import loads", "eval('1')", "load(file, allow_pickle=True)"]
)
def test_it_would_be_found(code: str) -> None:
    assert offences(ast.parse(code))


@pytest.mark.parametrize("role", Role)
def test_celery_speaks_json_alone(role: Role) -> None:
    settings = create_celery(Broker(), "redis://127.0.0.1:1/0", role).conf
    assert settings.accept_content == ["json"]
    assert (settings.task_serializer, settings.result_backend, settings.task_ignore_result) == ("json", None, True)
    assert settings.worker_enable_remote_control is False
