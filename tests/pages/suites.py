"""Finds the pages in a folder of suites and their gold text. The suites never become part of the project.

The folder has one folder for each suite, of any name: a clone, or a bare git directory, whose files are read with git.
"""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from workers.text.markup import element_text, parse

# Countries whose publishers in fundus write English, beside others.
_COUNTRIES: Final = ("au", "ca", "gl", "il", "ind", "my", "na", "tz", "uk", "us", "za")


class Page(NamedTuple):
    """A page as it was sent, its text by hand, and where they come from."""

    suite: str
    name: str
    document: bytes
    gold: str


def pages(folder: Path) -> Iterator[Page]:
    """Yield the pages of all suites in ``folder`` that have a text."""
    with tempfile.TemporaryDirectory() as scratch:
        for candidate in sorted(path for path in folder.iterdir() if path.is_dir()):
            for suite, (where, read) in _SUITES.items():
                root = _files(candidate, where, Path(scratch) / candidate.name / suite)
                if root is not None:
                    yield from (Page(suite, *page) for page in read(root) if page[2].strip())


def _files(candidate: Path, where: tuple[str, ...], scratch: Path) -> Path | None:
    """Return the folder with the files ``where`` of a suite; None if the candidate is another suite."""
    if all((candidate / path).exists() for path in where):
        return candidate
    for git in (candidate, candidate / "repo", candidate / ".git"):
        if not (git / "HEAD").is_file():
            continue
        archive = ["git", f"--git-dir={git}", "archive", "HEAD", *where]
        packed = subprocess.run(archive, capture_output=True)
        if packed.returncode == 0:
            scratch.mkdir(parents=True)
            with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
                tar.extractall(scratch, filter="data")
            return scratch
    return None


_Pages = Iterator[tuple[str, bytes, str]]


def _readability(root: Path) -> _Pages:
    for folder in sorted((root / "test/test-pages").iterdir()):
        expected = parse((folder / "expected.html").read_text(encoding="utf-8"))
        yield folder.name, (folder / "source.html").read_bytes(), "" if expected is None else element_text(expected)


def _benchmark(root: Path) -> _Pages:
    for name, truth in sorted(_json(root / "ground-truth.json").items()):
        yield name, gzip.decompress((root / f"html/{name}.html.gz").read_bytes()), truth["articleBody"]


def _newspaper(root: Path) -> _Pages:
    for text in sorted((root / "tests/data/txt").glob("*.txt")):
        page = root / f"tests/data/html/{text.stem}.html"
        if page.exists():
            yield text.stem, page.read_bytes(), text.read_text(encoding="utf-8")


def _fundus(root: Path) -> _Pages:
    for country in _COUNTRIES:
        for truth in sorted((root / "tests/resources/parser/test_data" / country).glob("*.json")):
            versions = _json(truth)
            documents = sorted(truth.parent.glob(f"{truth.stem}_*.html.gz"))
            if len(documents) != len(versions):
                continue  # which page belongs to which version is not known
            for document, (version, fields) in zip(documents, versions.items(), strict=True):
                yield f"{truth.stem} {version}", gzip.decompress(document.read_bytes()), _fundus_text(fields)


def _fundus_text(fields: dict[str, Any]) -> str:
    body = fields.get("body") or {"sections": []}
    parts = [*(body.get("summary") or [])]
    for section in body["sections"]:
        parts += [*(section["headline"] or []), *section["paragraphs"]]
    return "\n".join(parts)


def _json(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


_SUITES: Final[dict[str, tuple[tuple[str, ...], Callable[[Path], _Pages]]]] = {
    "mozilla/readability": (("test/test-pages",), _readability),
    "scrapinghub/article-extraction-benchmark": (("ground-truth.json", "html"), _benchmark),
    "AndyTheFactory/newspaper4k": (("tests/data/html", "tests/data/txt"), _newspaper),
    "flairNLP/fundus": (("tests/resources/parser/test_data",), _fundus),
}
