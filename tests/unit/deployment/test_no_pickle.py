"""Neither our code nor Celery reads data with pickle or another format that can run code."""

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


def violations(tree: ast.AST) -> list[str]:
    """Return the names of unsafe modules, calls and arguments that the code uses."""
    unsafe = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in CALLS:
                unsafe.append(node.func.id)
            unsafe += [
                word.arg for word in node.keywords if word.arg == "allow_pickle" and ast.unparse(word.value) != "False"
            ]
        unsafe += [name for name in names if name.partition(".")[0] in MODULES]
    return unsafe


def test_code_has_no_violations() -> None:
    assert len(SOURCES) > 100
    assert {
        str(file): violations(ast.parse(file.read_text()))
        for file in SOURCES
        if violations(ast.parse(file.read_text()))
    } == {}


def test_allow_pickle_false_is_not_a_violation() -> None:
    assert violations(ast.parse("load(file, allow_pickle=False)")) == []


@pytest.mark.parametrize(
    "code", ["import pickle", "from marshal import loads", "eval('1')", "load(file, allow_pickle=True)"]
)
def test_unsafe_deserialization_is_a_violation(code: str) -> None:
    assert violations(ast.parse(code))


@pytest.mark.parametrize("role", Role)
def test_celery_accepts_only_json(role: Role) -> None:
    settings = create_celery(Broker(), "redis://127.0.0.1:1/0", role).conf
    assert settings.accept_content == ["json"]
    assert (settings.task_serializer, settings.result_backend, settings.task_ignore_result) == ("json", None, True)
    assert settings.worker_enable_remote_control is False
