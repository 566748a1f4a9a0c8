"""`stancewire submit`: files in any format, read here and pushed as one batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from services.cli.commands import client
from services.client import Client

NITF = """<nitf><head><docdata><doc-id id-string="tram"/><date.issue norm="soon"/></docdata></head>
<body><body.content><p>Mayor Ida Berg said no.</p></body.content></body></nitf>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title>
<entry><id>1</id><content>She said no.</content></entry><entry><id>2</id><title>No text</title></entry></feed>"""
MESSAGE = """<newsMessage><itemSet><packageItem guid="p"/><newsItem guid="t"><contentSet><inlineXML><p>He said yes.</p>
</inlineXML></contentSet></newsItem></itemSet></newsMessage>"""


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect the articles that are pushed, and accept each."""
    articles: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        lines = [json.loads(line) for line in request.content.splitlines()]
        articles.extend(lines)
        items = [
            {"line": number, "status": 202, "job_id": str(UUID(int=number))} for number in range(1, len(lines) + 1)
        ]
        return httpx.Response(200, json={"errors": False, "items": items})

    def connect(_: str) -> Client:
        return Client("http://service", transport=httpx.MockTransport(answer))

    monkeypatch.setattr(client, "_client", connect)
    return articles


def submit(folder: Path, name: str, content: str) -> Result:
    app = typer.Typer()
    app.command()(client.submit)
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return CliRunner().invoke(app, [str(file), "--feed", "wire"])


@pytest.mark.parametrize("name", ["story.xml", "story.txt", "story"])
def test_nitf_is_pushed_as_an_article_whatever_the_file_is_called(
    tmp_path: Path, pushed: list[dict[str, Any]], name: str
) -> None:
    result = submit(tmp_path, name, NITF)
    assert result.exit_code == 0, result.output
    [article] = pushed
    assert (article["feed"], article["guid"], article["body"]) == ("wire", "tram", "<p>Mayor Ida Berg said no.</p>")
    assert (article["media_type"], "published_at" in article) == ("text/html", False)
    assert "article 1: date.issue: 'soon' cannot be read as a date" in result.stderr
    assert str(UUID(int=1)) in result.stdout


def test_entry_without_text_fails_alone(tmp_path: Path, pushed: list[dict[str, Any]]) -> None:
    result = submit(tmp_path, "feed.xml", ATOM)
    assert result.exit_code == 1
    assert [article["guid"] for article in pushed] == ["1"]
    assert "feed.xml: Atom, entry 2: description: is missing or empty" in result.stderr


def test_package_of_a_news_message_is_left_out_without_a_failure(tmp_path: Path, pushed: list[dict[str, Any]]) -> None:
    result = submit(tmp_path, "message.xml", MESSAGE)
    assert result.exit_code == 0, result.output
    assert [article["guid"] for article in pushed] == ["t"]
    assert "item 1: packageItem: is not a newsItem, and has no text of its own (left out)" in result.stderr


def test_file_in_no_format_is_not_pushed(tmp_path: Path, pushed: list[dict[str, Any]]) -> None:
    result = submit(tmp_path, "drawing.xml", "<svg/>")
    assert result.exit_code == 1
    assert pushed == []
    assert "drawing.xml: XML: the root element is <svg>" in result.stderr
