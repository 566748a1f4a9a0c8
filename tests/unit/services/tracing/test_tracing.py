from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from services import tracing
from services.settings import Settings, Tracing
from tests.support.collector import Collector, collector

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def received() -> Iterator[Collector]:
    with collector() as running:
        tracing.configure(Tracing(endpoint=running.url, ratio=1), "test")
        yield running
        tracing.shut_down()


def test_off_by_default_without_loading_opentelemetry() -> None:
    assert not Settings().tracing.endpoint
    code = (
        "import sys; from services import tracing; from services.settings import Settings\n"
        "tracing.configure(Settings().tracing, 'api')\n"
        "with tracing.request('GET', None), tracing.span('accept'):\n"
        "    assert tracing.traceparent() is None and tracing.trace_id() is None\n"
        "print('opentelemetry' in sys.modules)"
    )
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert completed.stdout == "False\n"


def test_job_without_a_trace_is_not_traced(received: Collector) -> None:
    with tracing.continued(None, "analyse", {}), tracing.span("store"):
        tracing.past_span("tokens", 1, 2)
    tracing.shut_down()
    assert received.spans == []


def test_failed_step_has_the_class_of_its_error_and_not_its_message(received: Collector) -> None:
    sentence = "a sentence of the article"
    with pytest.raises(ValueError, match=sentence), tracing.continued(PARENT, "analyse", {"feed": "wire"}):
        raise ValueError(sentence)
    tracing.shut_down()
    [span] = received.spans
    assert (span.name, span.failed, span.attributes) == ("analyse", True, {"feed": "wire"})
    assert sentence not in repr(span)


def test_traceparent_that_is_not_valid_begins_a_trace_of_its_own(received: Collector) -> None:
    with tracing.request("POST", "00-zz-zz-01"):
        own = tracing.trace_id()
    tracing.shut_down()
    assert [(span.trace, span.parent) for span in received.spans] == [(own, "")]


def test_collector_that_does_not_answer_stops_nobody() -> None:
    tracing.configure(Tracing(endpoint="http://127.0.0.1:1", ratio=1), "test")
    with tracing.request("POST", None):
        assert tracing.traceparent() is not None
    tracing.shut_down()


def test_address_of_another_protocol_is_refused() -> None:
    with pytest.raises(ValidationError, match="OTLP over HTTP"):
        Tracing(endpoint="grpc://collector:4317")
