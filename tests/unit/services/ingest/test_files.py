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


def test_json_holds_one_article_or_a_list(tmp_path: Path) -> None:
    one = write(tmp_path, "one.json", json.dumps({"body": "One.", "guid": "1"}))
    many = write(tmp_path, "many.JSON", json.dumps([{"body": "One."}, {"text": "Two.", "feed": "wire"}]))
    assert [(article.body, article.guid, article.feed) for article in read_articles(one)] == [("One.", "1", "default")]
    assert [(article.body, article.feed) for article in read_articles(many, "mine")] == [
        ("One.", "mine"),
        ("Two.", "wire"),
    ]


@pytest.mark.parametrize("name", ["many.ndjson", "many.jsonl"])
def test_lines_are_articles(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name, '{"body": "One.\u2028Still one.\x85And more."}\r\n\n  \n{"body": "Two."}')
    assert [article.body for article in read_articles(file)] == ["One.\u2028Still one.\x85And more.", "Two."]


def test_any_name_may_hold_lines(tmp_path: Path) -> None:
    file = write(tmp_path, "dump", '{"body": "One."}\n{"body": "Two."}\n')
    assert [article.body for article in read_articles(file, lines=True)] == ["One.", "Two."]


@pytest.mark.parametrize("name", ["page.html", "page.HTM"])
def test_a_page_is_html(tmp_path: Path, name: str) -> None:
    [article] = read_articles(write(tmp_path, name, "<p>One.</p>"), "wire")
    assert (article.media_type, article.body, article.title, article.feed) == (
        MediaType.HTML,
        "<p>One.</p>",
        None,
        "wire",
    )
    assert article.guid == "sha256:" + hashlib.sha256(b"<p>One.</p>").hexdigest()


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Harbour opens\n\nIt opened on Monday.\n", "Harbour opens", "It opened on Monday."),
        ("\n\n Harbour opens \nIt opened.", "Harbour opens", "It opened."),
        ("It opened on Monday.\nIt is large.", None, "It opened on Monday.\nIt is large."),
        ("Will it open?\nNobody knows.", None, "Will it open?\nNobody knows."),
        ("Only a line", None, "Only a line"),
        ("Only a line\n\n \n", None, "Only a line\n\n \n"),
        ("w " * 101 + "\nMore.", None, "w " * 101 + "\nMore."),
    ],
)
def test_the_first_line_of_a_text_may_be_its_title(tmp_path: Path, text: str, title: str | None, body: str) -> None:
    [article] = read_articles(write(tmp_path, "story.txt", text))
    assert (article.title, article.body, article.media_type) == (title, body, MediaType.TEXT)


def test_standard_input_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("It opened on Monday."))
    [article] = read_articles(Path("-"))
    assert article.body == "It opened on Monday."


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "no JSON"),
        ("a.json", "7", "article 1: an article is a JSON object"),
        ("a.json", '[{"body": "One."}, "Two."]', "article 2: an article is a JSON object"),
        ("a.json", '{"title": "T"}', "article 1: body: Field required"),
        ("a.json", '{"body": " "}', "body: holds nothing but white space"),
        ("a.json", '{"body": "x", "tittle": "T"}', "tittle: Extra inputs"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.ndjson", '{"body": "One."}\n\nnonsense\n', "line 3: no JSON"),
        ("a.ndjson", '{"body": "One."}\n[]\n', "line 2: an article is a JSON object"),
        ("a.ndjson", '{"body": "One.", "feed": "A B"}', "line 1: feed: String should match"),
        ("a.txt", b"\xff\xfe", "no UTF-8"),
        ("a.txt", "", "body: holds nothing but white space"),
        ("a.html", "a\x00b", "body: holds a NUL character at offset 1"),
    ],
)
def test_an_error_names_file_place_and_reason(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    file = write(tmp_path, name, content)
    with pytest.raises(ValueError, match=message) as raised:
        list(read_articles(file))
    assert str(raised.value).startswith(str(file))


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_articles(tmp_path / "nothing.txt"))
