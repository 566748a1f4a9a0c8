"""Articles in the formats of feeds, pushed one at a time, as containers and as batches."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, assert_problem, complete_job, count_articles, make_key

NITF = (
    "<nitf><head><docdata><doc-id id-string='{}'/></docdata></head><body><p>Mayor Ida Berg said no.</p></body></nitf>"
)
NEWS_ITEM = (
    "<newsItem guid='{}'><contentSet><inlineXML><p>Mayor Ida Berg said no.</p></inlineXML></contentSet></newsItem>"
)
RSS = "<rss version='2.0'><channel><title>Wire</title>{}</channel></rss>"
ITEM = "<item><guid>{}</guid><description>Mayor Ida Berg said no.</description></item>"
ATOM_ENTRY = "<entry xmlns='http://www.w3.org/2005/Atom'><id>{}</id><content>Mayor Ida Berg said no.</content></entry>"
PAGE = """<html><script type="application/ld+json">{"@type": "NewsArticle", "@id": "%s", "headline": "Tram"}</script>
<p>Mayor Ida Berg said no.</p></html>"""
NINJS = {"type": "text", "body_xhtml": "<p>Mayor Ida Berg said no.</p>", "subject": [{"code": "1", "name": "politics"}]}
SCHEMA_ORG = {"@context": "https://schema.org", "@type": "NewsArticle", "articleBody": "Mayor Ida Berg said no."}
SINGLE = {
    "nitf": ("text/vnd.iptc.nitf", NITF),
    "nitf as plain text": ("text/plain", NITF),
    "nitf without a type": ("", NITF),
    "news item": ("application/vnd.iptc.g2.newsitem+xml", NEWS_ITEM),
    "news item as xml": ("text/xml; charset=utf-8", NEWS_ITEM),
    "atom entry": ("application/atom+xml;type=entry", ATOM_ENTRY),
    "atom entry as octets": ("application/octet-stream", ATOM_ENTRY),
    "ninjs": ("application/json", json.dumps(NINJS | {"uri": "{}"}).replace("{}", "%s")),
    "ninjs from a form": ("application/x-www-form-urlencoded", json.dumps(NINJS | {"uri": "%s"})),
    "schema.org": ("application/ld+json", json.dumps(SCHEMA_ORG | {"@id": "%s"})),
    "schema.org as json": ("application/json", json.dumps(SCHEMA_ORG | {"@id": "%s"})),
    "page": ("text/html", PAGE),
    "page without a type": ("", PAGE),
}


def post(
    api: Api, content: str | bytes, content_type: str = "", path: str = "/v1/articles", **query: str
) -> httpx.Response:
    headers = {"Content-Type": content_type} if content_type else {}
    return api.client.post(path, content=content, headers=headers, params=query)


@pytest.mark.parametrize("name", SINGLE)
def test_single_article_in_any_format_is_answered_with_its_job(sqlite_api: Api, name: str) -> None:
    content_type, template = SINGLE[name]
    guid = f"urn:example:{name.replace(' ', '-')}"
    response = post(sqlite_api, template.replace("{}", guid).replace("%s", guid), content_type, feed="formats")
    assert response.status_code == 202, response.text
    job = response.json()
    assert (job["metadata"]["feed"], job["metadata"]["guid"]) == ("formats", guid)
    assert response.headers["Location"] == f"/v1/jobs/{job['id']}"


def test_plain_text_has_its_first_line_as_title(sqlite_api: Api) -> None:
    response = post(
        sqlite_api,
        "Harbour opens\n\nIt opened on Monday, the “mayor” said.".encode("cp1252"),
        "text/plain; charset=cp1252",
    )
    assert (response.status_code, response.json()["metadata"]["title"]) == (202, "Harbour opens")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_feed_is_answered_like_a_batch_however_many_items_it_has(
    sqlite_api: Api, sqlite_database: Database, count: int
) -> None:
    feed = RSS.format("".join(map(ITEM.format, range(count))))
    response = post(sqlite_api, feed, "application/rss+xml", feed="wire")
    assert response.status_code == 200, response.text
    answer = response.json()
    assert (answer["errors"], [item["status"] for item in answer["items"]]) == (False, [202] * count)
    assert count_articles(sqlite_database) == count


CONTAINERS = {
    "rss": RSS.format(ITEM.format("1") + "<item><title>No text</title></item>" + ITEM.format("3")),
    "news message": "<newsMessage><itemSet>"
    f"{NEWS_ITEM.format('1')}<packageItem/>{NEWS_ITEM.format('3')}</itemSet></newsMessage>",
    "json feed": json.dumps({
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "content_text": "She said no."}, {"id": "2"}, {"id": "3", "content_text": "He did."}],
    }),
    "list": json.dumps([{"body": "She said no."}, NINJS | {"body_xhtml": ""}, NINJS | {"uri": "3"}]),
}  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/articles", "/v1/articles:batch"])
@pytest.mark.parametrize("name", CONTAINERS)
def test_bad_item_of_a_container_does_not_affect_the_others(sqlite_api: Api, name: str, path: str) -> None:
    response = post(sqlite_api, CONTAINERS[name], "", path)
    assert response.status_code == 200, response.text
    items = response.json()["items"]
    assert [(item["line"], item["status"]) for item in items] == [(1, 202), (2, 422), (3, 202)]
    problem = items[1]["problem"]
    assert problem["code"] == ("no_text" if name == "news message" else "invalid")
    assert problem["errors"][0]["field"]
    assert problem["detail"].split(":")[0] in {"RSS", "NewsML-G2", "JSON Feed", "ninjs"}


def test_single_document_may_be_pushed_as_a_batch(sqlite_api: Api) -> None:
    [item] = post(sqlite_api, NITF.format("urn:batch"), "application/xml", "/v1/articles:batch").json()["items"]
    assert (item["line"], item["status"]) == (1, 202)


def test_lines_of_a_batch_may_mix_formats(sqlite_api: Api) -> None:
    lines = [
        {"body": "One.", "published_at": "soon"},
        NINJS | {"uri": "urn:mixed"},
        SCHEMA_ORG,
        {"uri": "u", "type": "video"},
    ]
    response = post(sqlite_api, "\n".join(map(json.dumps, lines)), "application/x-ndjson", "/v1/articles:batch")
    items = response.json()["items"]
    assert [item["status"] for item in items] == [202, 202, 202, 422]
    assert [warning["code"] for warning in items[0]["warnings"]] == ["date_unreadable"]
    assert items[3]["problem"]["detail"].startswith("ninjs: type: is 'video'")


REFUSED: dict[str, tuple[str, str, int, str, str]] = {
    "nitf": ("", "<nitf><body/></nitf>", 422, "NITF: body.content: ", "body.content"),
    "ninjs": ("", '{"uri": "u", "type": "text"}', 422, "ninjs: body_xhtml: ", "body_xhtml"),
    "canceled": ("", '{"headline": "Tram", "pubstatus": "canceled"}', 422, "ninjs: pubstatus: ", "pubstatus"),
    "json": ("", '{"headline": "Tram"}', 422, "JSON: body: ", "body"),
    "xml": ("", "<RBNews/>", 422, "XML: the root element is <RBNews>", ""),
    "broken": ("", "<nitf><body>", 400, "NITF: not well-formed XML", ""),
    "entities": ("", '<!DOCTYPE nitf [<!ENTITY x "y">]><nitf/>', 422, "NITF: <!ENTITY>: ", "<!ENTITY>"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_names_format_and_field(shared_api: tuple[Api, Database], name: str) -> None:
    api, _ = shared_api
    content_type, content, status, detail, field = REFUSED[name]
    body = assert_problem(post(api, content, content_type), status, "invalid")
    assert body["detail"].startswith(detail)
    assert body["errors"][0]["field"] == field


def test_feed_comes_from_the_article_then_the_parameter_then_the_key(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    wire = sqlite_api.client_of(make_key(sqlite_database, Scope.INGEST, Scope.READ, feeds=("wire",)))

    def feed_of(content: Any, **query: str) -> Any:
        response = wire.post(
            "/v1/articles", content=content, headers={"Content-Type": "application/json"}, params=query
        )
        return response.json()["metadata"]["feed"] if response.is_success else response.json()["code"]

    assert feed_of(json.dumps(NINJS | {"uri": "1"})) == "wire"
    assert feed_of(json.dumps(NINJS | {"uri": "2"}), feed="wire") == "wire"
    assert feed_of(json.dumps(NINJS | {"uri": "3"}), feed="other") == "feed_forbidden"
    assert feed_of('{"body": "One.", "feed": "wire"}', feed="other") == "wire"
    assert_problem(wire.post("/v1/articles?feed=No+Feed", json={"body": "One."}), 422, "invalid")


def test_metadata_of_the_sender_is_in_the_result(sqlite_api: Api, sqlite_database: Database) -> None:
    item = NINJS | {"uri": "1", "keywords": ["tram"], "example_desk": "City"}
    job = post(sqlite_api, json.dumps(item), "application/json").json()["id"]
    complete_job(sqlite_database, UUID(job))
    result = sqlite_api.client.get(f"/v1/jobs/{job}/result").json()
    assert result["metadata"] == {
        "tags": ["tram"],
        "subjects": [{"code": "1", "name": "politics"}],
        "example_desk": "City",
    }


def test_metadata_beyond_the_limit_is_left_out_with_a_warning(sqlite_api: Api) -> None:
    job = sqlite_api.push(metadata={"section": "Local", "notes": "x" * 20_000}).json()
    [warning] = job["warnings"]
    assert (warning["code"], "notes" in warning["detail"]) == ("metadata_cut", True)


def test_idempotency_key_applies_to_a_whole_container(sqlite_api: Api, sqlite_database: Database) -> None:
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/rss+xml"}
    feed = RSS.format(ITEM.format("1") + ITEM.format("2"))
    answers = [sqlite_api.client.post("/v1/articles", content=feed, headers=headers) for _ in range(2)]
    assert [[item["status"] for item in answer.json()["items"]] for answer in answers] == [[202, 202], [200, 200]]
    other = sqlite_api.client.post("/v1/articles", content=RSS.format(ITEM.format("3")), headers=headers)
    assert_problem(other, 422, "idempotency_key_reused")
    assert count_articles(sqlite_database) == 2
