"""The message filter accepts what dispatch sends, and drops every entry that differs where it matters."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from services.contracts import TaskName
from services.dispatch.message_filter import ForeignMessage, check_message

Mutation = Callable[[dict[str, Any]], object]


def body(arguments: Any = None, keywords: Any = None, embedded: Any = None) -> str:
    arguments = [[str(uuid4())]] if arguments is None else arguments
    embedded = {"callbacks": None, "errbacks": None, "chain": None, "chord": None} if embedded is None else embedded
    return base64.b64encode(json.dumps([arguments, keywords or {}, embedded]).encode()).decode()


def valid_message() -> dict[str, Any]:
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


def test_message_sent_by_dispatch_is_accepted() -> None:
    check_message(valid_message())


@pytest.mark.parametrize("message", [None, 5, "text", [], {}, {"body": "x"}])
def test_value_that_is_not_a_message_is_rejected(message: Any) -> None:
    with pytest.raises(ForeignMessage):
        check_message(message)


MUTATIONS: dict[str, tuple[Mutation, str]] = {
    "pickle": (lambda message: message.update({"content-type": "application/x-python-serialize"}), "content_type"),
    "yaml": (lambda message: message.update({"content-type": "application/x-yaml"}), "content_type"),
    "other encoding": (lambda message: message.update({"content-encoding": "binary"}), "content_type"),
    "plain body": (lambda message: message["properties"].update(body_encoding=None), "content_type"),
    "no headers": (lambda message: message.update(headers=None), "no_message"),
    "no properties": (lambda message: message.update(properties=[]), "no_message"),
    "no delivery tag": (lambda message: message["properties"].pop("delivery_tag"), "no_message"),
    "no delivery info": (lambda message: message["properties"].update(delivery_info="x"), "no_message"),
    "unknown task": (lambda message: message["headers"].update(task="celery.backend_cleanup"), "unknown_task"),
    "task of another kind": (lambda message: message["headers"].update(task={"a": 1}), "unknown_task"),
    "message without id": (lambda message: message["headers"].update(id=None), "arguments"),
    "scheduled for later": (lambda message: message["headers"].update(eta="2030-01-01T00:00:00+00:00"), "orders"),
    "time limit": (lambda message: message["headers"].update(timelimit=[0.001, None]), "orders"),
    "retries": (lambda message: message["headers"].update(retries=[]), "orders"),
    "compressed": (lambda message: message["headers"].update(compression="application/x-bz2"), "orders"),
    "callbacks": (lambda message: message.update(body=body(embedded={"callbacks": [{"task": "x"}]})), "orders"),
    "chain": (lambda message: message.update(body=body(embedded={"chain": [{"task": "x"}]})), "orders"),
    "keywords": (lambda message: message.update(body=body(keywords={"job_ids": []})), "orders"),
    "not base64": (lambda message: message.update(body="*"), "arguments"),
    "not JSON": (lambda message: message.update(body=base64.b64encode(b"\x80\x04").decode()), "arguments"),
    "no body": (lambda message: message.update(body=None), "arguments"),
    "nested deeply": (lambda message: message.update(body=base64.b64encode(b"[" * 100_000).decode()), "arguments"),
    "no jobs": (lambda message: message.update(body=body([[]])), "arguments"),
    "job ID that is not a UUID": (lambda message: message.update(body=body([["seventeen"]])), "arguments"),
    "job ID that is a number": (lambda message: message.update(body=body([[17]])), "arguments"),
    "too many jobs": (lambda message: message.update(body=body([[str(uuid4())] * 17])), "arguments"),
    "two lists": (lambda message: message.update(body=body([[str(uuid4())], []])), "arguments"),
}


@pytest.mark.parametrize(("mutate", "cause"), MUTATIONS.values(), ids=MUTATIONS)
def test_mutated_message_is_rejected_with_its_cause(mutate: Mutation, cause: str) -> None:
    message = valid_message()
    mutate(message)
    with pytest.raises(ForeignMessage) as raised:
        check_message(message)
    assert raised.value.args[0] == cause
