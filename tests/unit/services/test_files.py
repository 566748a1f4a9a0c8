from __future__ import annotations

import io
from pathlib import Path

import pytest

from services.commands.files import read_articles
from services.contracts import MediaType


def test_text_with_a_title(tmp_path: Path) -> None:
    file = tmp_path / "story.txt"
    file.write_text("Mayor rejects tram plan\n\nMayor Ida Berg said no.\nShe left.\n", encoding="utf-8")
    [article] = read_articles(file, "wire")
    assert (article.feed, article.title) == ("wire", "Mayor rejects tram plan")
    assert article.body == "Mayor Ida Berg said no.\nShe left."
    assert article.guid is not None


@pytest.mark.parametrize("text", ["Mayor Ida Berg said no.\nShe left.", "One line alone", "x" * 300 + "\nmore"])
def test_text_without_a_title(tmp_path: Path, text: str) -> None:
    file = tmp_path / "story.txt"
    file.write_text(text, encoding="utf-8")
    [article] = read_articles(file)
    assert (article.title, article.body) == (None, text)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("A line.\n"))
    [article] = read_articles(Path("-"))
    assert article.body == "A line.\n"


def test_html_json_and_lines(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>One.</p>", encoding="utf-8")
    (tmp_path / "b.json").write_text('[{"body": "One."}, {"text": "Two.", "feed": "own"}]', encoding="utf-8")
    (tmp_path / "c.ndjson").write_text('{"body": "One."}\n\n{"body": "Two."}\n', encoding="utf-8")
    [page] = read_articles(tmp_path / "a.html")
    assert page.media_type is MediaType.HTML
    assert [(one.feed, one.body) for one in read_articles(tmp_path / "b.json", "given")] == [("given", "One."), ("own", "Two.")]
    assert [one.body for one in read_articles(tmp_path / "c.ndjson")] == ["One.", "Two."]
    (tmp_path / "c.ndjson").rename(tmp_path / "c.txt")
    assert len(list(read_articles(tmp_path / "c.txt", lines=True))) == 2


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    """JSON strings may hold U+2028 and U+0085 as they are."""
    (tmp_path / "a.ndjson").write_text('{"body": "One\u2028two\u0085three."}\n', encoding="utf-8")
    [article] = read_articles(tmp_path / "a.ndjson")
    assert article.body == "One\u2028two\u0085three."


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.ndjson", '{"body": "One."}\n{"bod', "line 2: no JSON"),
        ("a.ndjson", "[1]", "line 1: an article is a JSON object"),
        ("a.ndjson", '{"body": "One.", "titel": "x"}', "line 1: titel: Extra inputs"),
        ("a.json", '[{"body": "One."}, {"body": " "}]', "article 2: body: holds nothing but white space"),
        ("a.json", "{", "Expecting property name"),
        ("a.json", "[1]", "article 1: an article is a JSON object"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        list(read_articles(file))
