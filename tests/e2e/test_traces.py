from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.samples import load
from tests.support.collector import Collector, collector
from tests.support.stack import Stack, start_stack

TRACE = "0af7651916cd43dd8448eb211c80319c"
CLIENT_SPAN = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Collector, dict[str, str], str]]:
    """A push that the client traces and one that it does not, after the service has stopped; the job, and the logs."""
    with collector() as received:
        directory = tmp_path_factory.mktemp("traces") / "state"
        settings = {
            "STANCEWIRE_TRACING__ENDPOINT": received.url,
            "STANCEWIRE_TRACING__RATIO": "0",
            "STANCEWIRE_PIPELINE__MODEL": "rules",
            "STANCEWIRE_WORKER__PROCESSES": "1",
            "STANCEWIRE_LOG__FORMAT": "json",
            "STANCEWIRE_LOG__LEVEL": "DEBUG",
        }
        with start_stack(directory, **settings) as stack:
            push(stack, "untraced", {})
            job = push(stack, "traced", {"traceparent": f"00-{TRACE}-{CLIENT_SPAN}-01"})
        yield received, job, logs(directory)


def push(stack: Stack, guid: str, headers: dict[str, str]) -> dict[str, str]:
    article = load()[0].model_copy(update={"guid": guid, "feed": "wire"})
    answer = stack.client.post(
        "/v1/articles",
        content=article.model_dump_json(exclude_none=True),
        headers={"Content-Type": "application/json", "Prefer": "wait=20", **headers},
    )
    job: dict[str, str] = answer.json()
    assert job["done"], job
    return job


def logs(state_dir: Path) -> str:
    return "".join((state_dir / "logs" / f"{part}.log").read_text() for part in ("api", "worker"))


def test_push_is_a_single_trace_from_the_request_over_the_queue_to_the_stored_result(
    traced: tuple[Collector, dict[str, str], str],
) -> None:
    received, job, _ = traced
    spans = {span.name: span for span in received.trace(TRACE)}
    push_span, accept, queue, analyse, store = (
        spans[name] for name in ("POST /v1/articles", "accept", "queue", "analyse", "store")
    )
    assert push_span.parent == CLIENT_SPAN
    assert {span.parent for span in (accept,)} == {push_span.id}
    assert queue.parent == analyse.parent == accept.id
    assert store.parent == spans["tokens"].parent == spans["speakers"].parent == analyse.id
    assert (push_span.service, analyse.service) == ("stancewire-api", "stancewire-worker")
    assert analyse.attributes["job"] == job["id"]
    assert analyse.attributes["outcome"] == "succeeded"
    assert push_span.attributes["http.response.status_code"] == "200"
    assert accept.began <= queue.ended <= analyse.began <= spans["tokens"].began <= store.began <= store.ended
    assert not any(span.failed for span in spans.values())


def test_request_that_is_not_sampled_is_not_exported(traced: tuple[Collector, dict[str, str], str]) -> None:
    received, _, _ = traced
    assert {span.trace for span in received.spans} == {TRACE}


def test_log_lines_of_a_traced_article_have_its_trace(traced: tuple[Collector, dict[str, str], str]) -> None:
    _, job, lines = traced
    for event in ("article_accepted", "article_done"):
        [line] = [line for line in lines.splitlines() if event in line and job["id"] in line]
        assert f'"trace": "{TRACE}"' in line
    assert lines.count("article_done") == 2
