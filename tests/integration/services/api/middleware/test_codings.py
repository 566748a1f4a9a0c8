"""Compressed request bodies and answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import httpx
import pytest
from backports import zstd

from services.database.engine import Database
from tests.support.api import Api, assert_problem, count_articles

ARTICLE = json.dumps({"body": "The minister said no."}).encode()
CODINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}


def push(api: Api, body: bytes, coding: str) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    return api.client.post("/v1/articles", content=body, headers=headers)


@pytest.mark.parametrize("coding", CODINGS)
def test_compressed_article_is_accepted(sqlite_api: Api, sqlite_database: Database, coding: str) -> None:
    assert push(sqlite_api, CODINGS[coding](ARTICLE), coding.upper()).status_code == 202
    half = len(ARTICLE) // 2  # two members or frames are one body
    both = CODINGS[coding](ARTICLE[:half]) + CODINGS[coding](ARTICLE[half:])
    assert push(sqlite_api, both, coding).status_code == 200
    assert count_articles(sqlite_database) == 1


@pytest.mark.parametrize("coding", CODINGS)
def test_body_that_becomes_too_large_is_refused_before_it_is_decoded(
    shared_api: tuple[Api, Database], coding: str
) -> None:
    api, _ = shared_api
    bomb = CODINGS[coding](bytes(20_000_000))
    assert len(bomb) < 100_000
    assert_problem(push(api, bomb, coding), 413, "body_too_large")
    assert api.client.get("/v1/jobs").status_code == 200


def test_broken_and_unknown_codings_are_refused(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    for coding, compress in CODINGS.items():
        for body in (b"plain", compress(ARTICLE)[:-5]):
            assert_problem(push(api, body, coding), 400, "content_encoding")
    for coding in ("br", "gzip, zstd", "compress"):
        response = push(api, ARTICLE, coding)
        assert_problem(response, 415, "content_encoding")
        assert response.headers["Accept-Encoding"] == "gzip, zstd"


def test_answers_are_compressed_as_the_client_accepts_but_pages_are_not(sqlite_api: Api) -> None:
    for accepted, expected in (("zstd", "zstd"), ("gzip", "gzip"), ("identity", None), ("gzip;q=0", None)):
        response = sqlite_api.client.get("/openapi.json", headers={"Accept-Encoding": accepted})
        assert response.headers.get("Content-Encoding") == expected, accepted
        assert response.json()["info"]["title"] == "Stancewire"
    page = sqlite_api.client.get("/login", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in page.headers
    small = sqlite_api.client.get("/healthz", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers
