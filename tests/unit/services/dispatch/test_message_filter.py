"""Which entries of the queue are ours: what dispatch sends, and nothing that differs where it counts."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from services.contracts import TaskName
from services.dispatch.message_filter import ForeignMessage, check

Change = Callable[[dict[str, Any]], object]


def body(arguments: Any = None, keywords: Any = None, embedded: Any = None) -> str:
    arguments = [[str(uuid4())]] if arguments is None else arguments
    embedded = {"callbacks": None, "errbacks": None, "chain": None, "chord": None} if embedded is None else embedded
    return base64.b64encode(json.dumps([arguments, keywords or {}, embedded]).encode()).decode()


def entry() -> dict[str, Any]:
    return {
        "body": body(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "task": TaskName.ANALYSE.value,
            "id": str(uuid4()),
            "eta": None,
            "expires": None,
            "group": None,
            "retries": 0,
            "timelimit": [None, None],
            "stamps": {},
        },
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
            "delivery_info": {"exchange": "", "routing_key": "stancewire.analyse"},
        },
    }


def test_what_dispatch_sends_is_ours() -> None:
    check(entry())


@pytest.mark.parametrize("message", [None, 5, "text", [], {}, {"body": "x"}])
def test_what_is_no_message_is_not(message: Any) -> None:
    with pytest.raises(ForeignMessage):
        check(message)


CHANGES: dict[str, tuple[Change, str]] = {
    "pickle": (lambda one: one.update({"content-type": "application/x-python-serialize"}), "content_type"),
    "yaml": (lambda one: one.update({"content-type": "application/x-yaml"}), "content_type"),
    "other encoding": (lambda one: one.update({"content-encoding": "binary"}), "content_type"),
    "plain body": (lambda one: one["properties"].update(body_encoding=None), "content_type"),
    "no headers": (lambda one: one.update(headers=None), "no_message"),
    "no properties": (lambda one: one.update(properties=[]), "no_message"),
    "no tag": (lambda one: one["properties"].pop("delivery_tag"), "no_message"),
    "no delivery": (lambda one: one["properties"].update(delivery_info="x"), "no_message"),
    "unknown task": (lambda one: one["headers"].update(task="celery.backend_cleanup"), "unknown_task"),
    "task of another kind": (lambda one: one["headers"].update(task={"a": 1}), "unknown_task"),
    "message without id": (lambda one: one["headers"].update(id=None), "arguments"),
    "for later": (lambda one: one["headers"].update(eta="2030-01-01T00:00:00+00:00"), "orders"),
    "time limit": (lambda one: one["headers"].update(timelimit=[0.001, None]), "orders"),
    "retries": (lambda one: one["headers"].update(retries=[]), "orders"),
    "compressed": (lambda one: one["headers"].update(compression="application/x-bz2"), "orders"),
    "callbacks": (lambda one: one.update(body=body(embedded={"callbacks": [{"task": "x"}]})), "orders"),
    "chain": (lambda one: one.update(body=body(embedded={"chain": [{"task": "x"}]})), "orders"),
    "keywords": (lambda one: one.update(body=body(keywords={"job_ids": []})), "orders"),
    "no base64": (lambda one: one.update(body="*"), "arguments"),
    "no JSON": (lambda one: one.update(body=base64.b64encode(b"\x80\x04").decode()), "arguments"),
    "no body": (lambda one: one.update(body=None), "arguments"),
    "deep": (lambda one: one.update(body=base64.b64encode(b"[" * 100_000).decode()), "arguments"),
    "no jobs": (lambda one: one.update(body=body([[]])), "arguments"),
    "jobs that are none": (lambda one: one.update(body=body([["seventeen"]])), "arguments"),
    "numbers": (lambda one: one.update(body=body([[17]])), "arguments"),
    "too many": (lambda one: one.update(body=body([[str(uuid4())] * 17])), "arguments"),
    "two lists": (lambda one: one.update(body=body([[str(uuid4())], []])), "arguments"),
}


@pytest.mark.parametrize(("change", "cause"), CHANGES.values(), ids=CHANGES)
def test_what_differs_is_dropped_for_its_cause(change: Change, cause: str) -> None:
    message = entry()
    change(message)
    with pytest.raises(ForeignMessage) as dropped:
        check(message)
    assert dropped.value.args[0] == cause
