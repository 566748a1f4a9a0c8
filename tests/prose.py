"""The prose linter: banned patterns in texts, and banned names in code. ``python -m tests.prose [PATH ...]``.

The patterns and their reasons are in ``tests/prose.toml``. A text that has to break one of them carries the comment
``prose: ignore`` on the same line.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

FOLDERS: Final = ("services", "workers", "tests", "deploy", "docs")
FILES: Final = ("README.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml", "docker-compose.yml", "mkdocs.yml")
# Generated, of others, or examples of news text.
LEFT_OUT: Final = ("docs/model-card.md", "docs/reference/api.md", "static/vendor", "tests/cases", "tests/prose.toml")
IGNORE: Final = "prose: ignore"
# Words that say nothing about the thing they name.
BANNED_NAMES: Final = frozenset({"found", "one", "place", "told"})


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of prose: the kind of text, its first line's number, and its words on one line."""

    kind: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A banned pattern, why it is banned, and the kinds of text it applies to (all if empty)."""

    regex: re.Pattern[str]
    reason: str
    kinds: frozenset[str]


def load_patterns(file: Path = ROOT / "tests" / "prose.toml") -> list[Pattern]:
    """Read the patterns."""
    entries = tomllib.loads(file.read_text("utf-8"))["pattern"]
    return [Pattern(re.compile(entry["regex"]), entry["reason"], frozenset(entry.get("in", ()))) for entry in entries]


def passages(file: Path) -> Iterator[Passage]:
    """Yield the prose of a file; other kinds of files have none."""
    text = file.read_text("utf-8")
    if file.suffix == ".py":
        yield from _docstrings(text)
        yield from _comments(text)
    elif file.suffix == ".md":
        yield from _markdown(text)
    elif file.suffix == ".html":
        for number, line in enumerate(text.splitlines(), 1):
            yield Passage("page", number, re.sub(r"<[^>]*>|{[{%#].*?[}%#]}", " ", line))
    elif file.suffix in {".toml", ".yml", ".css", ".js"} or file.name == "Makefile":
        for number, line in enumerate(text.splitlines(), 1):
            if match := re.search(r"(?:#|//|/\*)+ (.*)", line):
                yield Passage("comment", number, match[1])


def _docstrings(text: str) -> Iterator[Passage]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                line = node.body[0].lineno
                for paragraph in docstring.split("\n\n"):
                    yield Passage("docstring", line, " ".join(paragraph.split()))
                    line += paragraph.count("\n") + 2


def _comments(text: str) -> Iterator[Passage]:
    """Join the comments of consecutive lines, since sentences run on."""
    block: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            words = token.string.lstrip("#").strip()
            if block and token.start[0] != block[-1][0] + 1:
                yield Passage("comment", block[0][0], " ".join(words for _, words in block))
                block = []
            block.append((token.start[0], words))
    if block:
        yield Passage("comment", block[0][0], " ".join(words for _, words in block))


def _markdown(text: str) -> Iterator[Passage]:
    """Yield paragraphs and table rows, without code and headings."""
    paragraph: list[str] = []
    start = 1
    in_code = False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        in_code ^= line.startswith("```")
        if in_code or not line.strip() or line.startswith(("    ", "#", "|", "```", "- ", "* ")):
            if paragraph:
                yield Passage("document", start, " ".join(paragraph))
            paragraph = []
        if line.startswith("|") and not in_code:
            yield Passage("document", number, line)
        elif line.strip() and not in_code and not line.startswith(("    ", "#", "```")):
            start = start if paragraph else number
            paragraph.append(re.sub(r"`[^`]*`", "`code`", line.strip()))


def banned_names(file: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of each variable, parameter, function and class that has a banned name."""
    if file.suffix != ".py":
        return
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                pass
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case _:
                continue
        if name in BANNED_NAMES:
            yield node.lineno, name


def files(arguments: list[str]) -> Iterator[Path]:
    """Yield the files to read: those named, or all of the project."""
    roots = [Path(argument) for argument in arguments] or [ROOT / name for name in (*FOLDERS, *FILES)]
    for root in roots:
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if (
                file.is_file()
                and not any(part in file.as_posix() for part in LEFT_OUT)
                and "__pycache__" not in file.parts
            ):
                yield file


def main(arguments: list[str]) -> int:
    """Print each match with its reason; return 1 if there is any."""
    patterns = load_patterns()
    count = 0
    for file in files(arguments):
        try:
            texts = list(passages(file))
        except UnicodeDecodeError:
            continue
        for line, name in banned_names(file):
            count += 1
            print(f"{file}:{line}: {name}: name the thing itself")
        for passage in texts:
            if IGNORE in passage.text:
                continue
            for pattern in patterns:
                if pattern.kinds and passage.kind not in pattern.kinds:
                    continue
                for match in pattern.regex.finditer(passage.text):
                    count += 1
                    context = passage.text[max(0, match.start() - 30) : match.end() + 30]
                    print(f"{file}:{passage.line}: “…{context}…”: {pattern.reason}")
    print(f"{count} matches" if count else "prose: no match")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
