"""The prose linter finds banned patterns in every kind of text, and leaves plain sentences alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import prose

BANNED = [
    "A body is no JSON object.",
    "Kept for so long.",
    "The caller is told of it.",
    "The one waits for the other.",
    "It is made anew.",
    "A part of a word is none.",
    "The key works no more.",
    "Articles are taken in.",
]
PLAIN = [
    "There is no job with this id.",
    "It is no longer kept.",
    "The lease lasts as long as the article.",
    "At most 16 jobs travel in one message.",
]


@pytest.mark.parametrize("sentence", BANNED)
def test_banned_sentence_is_reported(sentence: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{sentence}\n", "utf-8")
    assert prose.main([str(page)]) == 1


@pytest.mark.parametrize("sentence", PLAIN)
def test_plain_sentence_passes(sentence: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{sentence}\n", "utf-8")
    assert prose.main([str(page)]) == 0


@pytest.mark.parametrize(
    "code",
    [
        '"""What is read here."""\n',
        "# What is read here\nx = 1\n",
        'def f():\n    """Who asks is told."""\n',
    ],
)
def test_docstrings_and_comments_are_read(code: str, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(code, "utf-8")
    assert prose.main([str(module)]) == 1


def test_strings_and_code_blocks_are_left_out(tmp_path: Path) -> None:
    module, page = tmp_path / "module.py", tmp_path / "page.md"
    module.write_text('text = "made anew"\n', "utf-8")
    page.write_text("```\nmade anew\n```\n", "utf-8")
    assert prose.main([str(module), str(page)]) == 0


def test_ignored_line_passes(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("# made anew -- prose: ignore\nx = 1\n", "utf-8")
    assert prose.main([str(module)]) == 0


@pytest.mark.parametrize("code", ["found = 1\n", "def told() -> None: ...\n", "def f(place: int) -> None: ...\n"])
def test_banned_name_is_reported(code: str, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(code, "utf-8")
    assert prose.main([str(module)]) == 1
