"""`make pages SUITES=folder`: words of the story kept and let in, ours beside trafilatura's in the same run."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.contracts import Article, MediaType
from tests.pages.suites import Page, pages
from workers.text import to_plain_text

_WORD: Final = re.compile(r"\w+")
_SHOWN: Final = 20


class Score(NamedTuple):
    """Words of one page: in the gold text, in what was read, and in both."""

    gold: int
    read: int
    both: int

    @property
    def precision(self) -> float:
        """Share of the words read that are in the gold text."""
        return self.both / self.read if self.read else 0.0

    @property
    def recall(self) -> float:
        """Share of the words of the gold text that were read."""
        return self.both / self.gold


def score(gold: str, read: str) -> Score:
    """Compare the words of two texts, in any order and without case."""
    in_gold, in_read = (Counter(_WORD.findall(text.lower())) for text in (gold, read))
    return Score(in_gold.total(), in_read.total(), (in_gold & in_read).total())


def ours(markup: str) -> str:
    """Return what the service analyses, without the title."""
    text = to_plain_text(Article(body=markup, media_type=MediaType.HTML, language="en"))
    return text.text[text.body_start :]


def trafilatura(markup: str) -> str:
    """Return what trafilatura extracts by default."""
    from trafilatura import extract

    return extract(markup) or ""


def trafilatura_without_comments(markup: str) -> str:
    """Return what trafilatura extracts without comments."""
    from trafilatura import extract

    return extract(markup, include_comments=False) or ""


EXTRACTORS: Final[dict[str, Callable[[str], str]]] = {
    "ours": ours,
    "trafilatura": trafilatura,
    "trafilatura without comments": trafilatura_without_comments,
}


def is_english(text: str) -> bool:
    """Whether a gold text is English, as the service reads no other language."""
    return bool(_detector().classify(text)[0] == "en")


def _detector() -> Any:
    import py3langid

    return py3langid


def measure(page: Page, extractor: Callable[[str], str]) -> Score:
    """Return the score of an extractor; a page that it cannot read has no words."""
    try:
        read = extractor(page.document.decode("utf-8", "replace"))
    except Exception as error:  # noqa: BLE001 - a page must not end the measurement
        print(f"{page.suite} {page.name}: {error}", file=sys.stderr)
        read = ""
    return score(page.gold, read)


def summary(name: str, scores: list[Score]) -> str:
    """Return a line with precision and recall, over all words and as the mean of the pages."""
    whole = Score(*(sum(column) for column in zip(*scores, strict=True)))
    precision, recall = (
        sum(getattr(page_score, kind) for page_score in scores) / len(scores) for kind in ("precision", "recall")
    )
    return (
        f"  {name:30} words: precision {whole.precision:.3f} recall {whole.recall:.3f}   "
        f"pages: precision {precision:.3f} recall {recall:.3f}"
    )


def main(folder: Path, *, is_verbose: bool) -> None:
    """Print the scores of each suite and of all."""
    scores: dict[str, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    worst: list[tuple[int, str]] = []
    for page in filter(lambda page: is_english(page.gold), pages(folder)):
        for name, extractor in EXTRACTORS.items():
            page_score = measure(page, extractor)
            scores[page.suite][name].append(page_score)
            scores[""][name].append(page_score)
            if name == "ours":
                text = (
                    f"{page.suite} {page.name}: gold {page_score.gold}, read {page_score.read}, both {page_score.both}"
                )
                worst.append((page_score.gold + page_score.read - 2 * page_score.both, text))
    if not scores:
        sys.exit(f"no suite in {folder}; tests/pages/suites.py lists them")
    for suite in sorted(scores, reverse=True):
        print(f"{suite or 'all'}: {len(scores[suite]['ours'])} English pages")
        for name, of_extractor in scores[suite].items():
            print(summary(name, of_extractor))
    for _, text in sorted(worst, reverse=True)[: _SHOWN if is_verbose else 0]:
        print(text)


if __name__ == "__main__":
    main(Path(sys.argv[-1]), is_verbose="-v" in sys.argv[1:-1])
