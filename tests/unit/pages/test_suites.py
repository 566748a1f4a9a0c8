import gzip
import json
import shutil
import subprocess
from pathlib import Path

from tests.pages.__main__ import Score, score
from tests.pages.suites import Page, pages

GIT = shutil.which("git") or "git"


def make_benchmark(folder: Path) -> None:
    (folder / "html").mkdir(parents=True)
    (folder / "html/a.html.gz").write_bytes(gzip.compress(b"<p>One.</p>"))
    (folder / "ground-truth.json").write_text(json.dumps({"a": {"articleBody": "One.", "url": "https://a.example"}}))


def test_pages_of_a_clone_are_listed_with_their_text(tmp_path: Path) -> None:
    make_benchmark(tmp_path / "benchmark")
    assert list(pages(tmp_path)) == [Page("scrapinghub/article-extraction-benchmark", "a", b"<p>One.</p>", "One.")]


def test_pages_of_a_bare_git_directory_are_listed(tmp_path: Path) -> None:
    clone, suites = tmp_path / "clone", tmp_path / "suites"
    make_benchmark(clone)
    suites.mkdir()
    commit = ["-c", "user.name=a", "-c", "user.email=a@a.example", "commit", "-q", "-m", "pages"]
    for command in (["init", "-q"], ["add", "."], commit, ["clone", "-q", "--bare", ".", str(suites / "bare")]):
        subprocess.run([GIT, "-C", clone, *command], check=True)
    assert [page.name for page in pages(suites)] == ["a"]


def test_folder_without_a_suite_has_no_pages(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert list(pages(tmp_path)) == []


def test_words_are_counted_in_any_order_and_without_case() -> None:
    words = score("The ferry is the best.", "Best the ferry! The the end.")
    assert words == Score(gold=5, read=6, both=4)
    assert (words.precision, words.recall) == (4 / 6, 4 / 5)
    assert score("One.", "").precision == 0
