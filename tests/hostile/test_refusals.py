"""Invalid requests are refused with the name of the fault, and the API process survives them."""

from __future__ import annotations

import httpx
import pytest

from tests.hostile.refusals import ARTICLES, BATCH, BATCHES, HEADERS, LINES, NDJSON, XML, RefusedRequest
from tests.hostile.service import Service
from tests.support.api import assert_problem

ALL = ARTICLES | XML | HEADERS | BATCHES


@pytest.fixture(scope="module")
def client(service: Service) -> httpx.Client:
    return service.stack.client


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_invalid_request_is_refused_with_field_and_reason(client: httpx.Client, case: RefusedRequest) -> None:
    answer = client.post(case.path, content=case.content(), headers=case.headers)
    body = assert_problem(answer, case.status, case.code)
    assert len(answer.content) < 20_000, "the answer to a large request is short"
    if case.field_name is not None:
        assert body["errors"], body
        assert case.field_name[:100] in {error["field"][:100] for error in body["errors"]}, body
        assert all(error["reason"] for error in body["errors"])


def test_each_line_of_a_batch_has_an_answer_of_its_own(client: httpx.Client) -> None:
    content = b"\n".join(line for line, _, _ in LINES.values())
    answer = client.post(BATCH, content=content, headers={"Content-Type": NDJSON})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["line"] for item in items] == list(range(1, len(LINES) + 1))
    for (name, (_, status, field)), item in zip(LINES.items(), items, strict=True):
        assert item["status"] in {status, 200 if status == 202 else status}, (name, item)
        if status != 202:
            assert item["problem"]["detail"], name
            errors = item["problem"].get("errors", [])
            assert field is None or field in {error["field"] for error in errors}, (name, item)


def test_service_still_accepts_articles_after_the_refusals(client: httpx.Client, service: Service) -> None:
    assert client.post("/v1/articles", json={"body": "The minister said that all was well."}).status_code in {200, 202}
    assert client.get("/healthz").status_code == 200
    assert "Traceback" not in service.log()
