from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest

from services.contracts import MediaType
from services.ingest.files import read_articles


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_json_file_has_one_article_or_a_list(tmp_path: Path) -> None:
    single = write(tmp_path, "one.json", json.dumps({"body": "One.", "guid": "1"}))
    several = write(tmp_path, "many.JSON", json.dumps([{"body": "One."}, {"text": "Two.", "feed": "wire"}]))
    assert [(article.body, article.guid, article.feed) for article in read_articles(single)] == [
        ("One.", "1", "default")
    ]
    assert [(article.body, article.feed) for article in read_articles(several, "mine")] == [
        ("One.", "mine"),
        ("Two.", "wire"),
    ]


@pytest.mark.parametrize("name", ["many.ndjson", "many.jsonl"])
def test_ndjson_file_has_one_article_per_line(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name, '{"body": "One.\u2028Still one.\x85And more."}\r\n\n  \n{"body": "Two."}')
    assert [article.body for article in read_articles(file)] == ["One.\u2028Still one.\x85And more.", "Two."]


def test_file_of_any_name_can_be_read_as_ndjson(tmp_path: Path) -> None:
    file = write(tmp_path, "dump", '{"body": "One."}\n{"body": "Two."}\n')
    assert [article.body for article in read_articles(file, ndjson=True)] == ["One.", "Two."]


@pytest.mark.parametrize("name", ["page.html", "page.HTM"])
def test_html_file_becomes_an_html_article(tmp_path: Path, name: str) -> None:
    [article] = read_articles(write(tmp_path, name, "<p>One.</p>"), "wire")
    assert (article.media_type, article.body, article.title, article.feed) == (
        MediaType.HTML,
        "<p>One.</p>",
        None,
        "wire",
    )
    assert article.guid == "sha256:" + hashlib.sha256(b"<p>One.</p>").hexdigest()


@pytest.mark.parametrize("name", ["story.txt", "story", "story.unknown"])
def test_file_with_an_unknown_suffix_is_plain_text(tmp_path: Path, name: str) -> None:
    [article] = read_articles(write(tmp_path, name, "Harbour opens\r\n\r\nIt opened on Monday.\r\n"))
    assert (article.title, article.body) == ("Harbour opens", "It opened on Monday.")
    text = "Harbour opens\n\nIt opened on Monday.\n"
    assert article.guid == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_standard_input_is_read_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("It opened on Monday."))
    [article] = read_articles(Path("-"))
    assert article.body == "It opened on Monday."


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "JSON: not valid JSON"),
        ("a.json", "7", "article 1: is not a JSON object"),
        ("a.json", '[{"body": "One."}, "Two."]', "article 2: is not a JSON object"),
        ("a.json", '{"title": "T"}', "article 1: body: is missing or empty"),
        ("a.json", '{"body": " "}', "body: .*(blank|white space|empty)"),
        ("a.json", '{"body": "x", "tittle": "T"}', "tittle: Extra inputs"),
        ("a.json", "[" * 100_000, "not valid JSON"),
        ("a.ndjson", '{"body": "One."}\n\nnonsense\n', "NDJSON, line 3: not valid JSON"),
        ("a.ndjson", '{"body": "One."}\n[]\n', "line 2: is not a JSON object"),
        ("a.ndjson", '{"body": "One.", "feed": "A B"}', "line 1: feed: String should match"),
        ("a.txt", b"caf\xe9", "plain text: not UTF-8"),
        ("a.txt", "", "body: .*(blank|white space|empty)"),
        ("a.html", " ", "HTML: body: .*(blank|white space|empty)"),
    ],
)
def test_error_names_file_format_place_and_reason(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    file = write(tmp_path, name, content)
    with pytest.raises(ValueError, match=message) as raised:
        list(read_articles(file))
    assert str(raised.value).startswith(f"{file}: ")


def test_missing_file_raises_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_articles(tmp_path / "nothing.txt"))
