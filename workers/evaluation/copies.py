"""Scores how copies are recognised: ``python -m workers.evaluation.copies --corpora PATH``.

Positive pairs are made from the articles of the corpora by edits that desks make; negative pairs are all pairs of
different articles. Articles of the corpora that are versions of each other (`VERSIONS_FROM`, by their exact Jaccard
similarity) count as pairs of their own, and as no negative ones. Prints a line of JSON for each figure.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

from services.contracts import Article, MediaType
from services.errors import PermanentError
from services.settings import Stories
from services.stories.fingerprint import Fingerprint
from workers.text import to_plain_text
from workers.text.fingerprints import fingerprint

_FILES: Final = tuple(f"{folder}/{part}.jsonl" for folder in ("attributions", "entities") for part in ("train", "dev"))
VERSIONS_FROM: Final = 0.3  # no two articles of the corpora are between .17 and .5
_SEED: Final = 20261128
_WORD: Final = re.compile(r"\w+")
_COMMON: Final = 60  # shingles of more articles say nothing about two of them

Edit = Callable[[list[str], list[str], random.Random], list[str]]


def _cut_end(body: list[str], _other: list[str], chance: random.Random) -> list[str]:
    return body[: max(1, round(len(body) * chance.uniform(0.65, 0.9)))]


def _credit(body: list[str], _other: list[str], _chance: random.Random) -> list[str]:
    first = f"PORT HAVEN (Coast Wire) - {body[0]}"
    last = ("Reporting by Mia Holm in Port Haven; editing by Jan Orr", "© Coast Wire. All rights kept.")
    return [first, *body[1:], *last]


def _change_paragraphs(body: list[str], other: list[str], chance: random.Random) -> list[str]:
    """Put paragraphs of another article in the place of one in six, at least one."""
    changed = list(body)
    for number in chance.sample(range(len(body)), max(1, len(body) // 6)):
        changed[number] = chance.choice(other)
    return changed


def _update(body: list[str], other: list[str], chance: random.Random) -> list[str]:
    """Write a new beginning, move the old one down, and cut the end: a developing story."""
    return [*other[:2], *body[1:2], body[0], *_cut_end(body[2:] or body, other, chance)]


def _change_words(body: list[str], _other: list[str], chance: random.Random) -> list[str]:
    """Replace one word in thirty: house style, and figures that were corrected."""
    return [
        " ".join(word if chance.random() > 1 / 30 else f"{chance.randrange(100)}" for word in paragraph.split(" "))
        for paragraph in body
    ]


def _shorten(body: list[str], _other: list[str], _chance: random.Random) -> list[str]:
    """Keep the first third: a brief."""
    return body[: max(1, len(body) // 3)]


def _all(body: list[str], other: list[str], chance: random.Random) -> list[str]:
    for edit in (_cut_end, _change_words, _credit):
        body = edit(body, other, chance)
    return body


EDITS: Final[dict[str, Edit]] = {
    "cut end": _cut_end,
    "wire credit": _credit,
    "changed words": _change_words,
    "changed paragraphs": _change_paragraphs,
    "cut, changed and credited": _all,
    "developing story": _update,
}
BEYOND: Final[dict[str, Edit]] = {"first third": _shorten}  # too little is left for a copy; in no total


def main(arguments: list[str] | None = None) -> None:
    """Print the figures for a folder of corpora."""
    parser = argparse.ArgumentParser(prog="python -m workers.evaluation.copies", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--similarity", type=float, default=Stories().similarity, help="from which texts are copies")
    options = parser.parse_args(arguments)
    for figure in figures(list(_read(options.corpora)), options.similarity):
        sys.stdout.write(json.dumps(figure) + "\n")


def _read(corpora: Path) -> Iterator[list[str]]:
    """Yield the paragraphs of each article."""
    for name in _FILES:
        for line in (corpora / name).read_text("utf-8").splitlines():
            paragraphs = [part.strip() for part in re.split(r"\n\s*\n|\r\n", json.loads(line)["text"]) if part.strip()]
            if paragraphs:
                yield paragraphs


def figures(bodies: Sequence[list[str]], similarity: float) -> Iterator[dict[str, object]]:
    """Yield cost, precision and the pairs of versions, and the recall of each edit."""
    texts = ["\n\n".join(body) for body in bodies]
    began = time.perf_counter()
    prints = [fingerprint(text) for text in texts]
    yield {"figure": "cost", "articles": len(texts), "ms": _round((time.perf_counter() - began) / len(texts) * 1000)}
    alike = _exact_similarities(texts)
    versions = {pair for pair, value in alike.items() if value >= VERSIONS_FROM}
    nearest = max((value for pair, value in alike.items() if pair not in versions), default=0.0)
    linked = _linked(prints, similarity)
    wrong = linked - versions
    compared = sum(each is not None for each in prints)
    pairs = compared * (compared - 1) // 2 - len(versions)
    yield {"figure": "different articles", "pairs": pairs, "linked": len(wrong), "nearest": _round(nearest)}
    if versions:
        least = min(alike[pair] for pair in versions)
        recall = _round(len(linked & versions) / len(versions))
        yield {"figure": "real versions", "pairs": len(versions), "recall": recall, "least alike": _round(least)}
    chance = random.Random(_SEED)  # noqa: S311 -- data to measure on
    right = 0
    tried = 0
    for name, edit in (EDITS | BEYOND).items():
        scores = [
            _linked_after(edit, body, original, bodies[chance.randrange(len(bodies))], chance, similarity)
            for body, original in zip(bodies, prints, strict=True)
            if original is not None
        ]
        if name in EDITS:
            right, tried = right + sum(scores), tried + len(scores)
        yield {"figure": name, "pairs": len(scores), "recall": _round(sum(scores) / len(scores))}
    yield {"figure": "all edits", "pairs": tried, "recall": _round(right / tried)}
    yield {"figure": "precision", "precision": _round(right / (right + len(wrong)), 5) if right else 0.0}


def _linked_after(
    edit: Edit, body: list[str], original: Fingerprint, other: list[str], chance: random.Random, similarity: float
) -> bool:
    """Return whether an edited copy, sent as HTML and read as a worker reads it, is linked with the original."""
    markup = "".join(f'<p class="s{number}">{part}</p>' for number, part in enumerate(edit(body, other, chance)))
    article = Article(title="Another headline", body=markup.replace(" & ", " &amp; "), media_type=MediaType.HTML)
    try:
        plain = to_plain_text(article)
    except PermanentError:  # what is left of a table of figures is not English
        return False
    return _is_copy(original, fingerprint(plain.text[plain.body_start :]), similarity)


def _is_copy(first: Fingerprint, second: Fingerprint | None, similarity: float) -> bool:
    if second is None or not set(first.bands()) & set(second.bands()):
        return False
    return first.similarity(second) >= similarity


def _linked(prints: Sequence[Fingerprint | None], similarity: float) -> set[tuple[int, int]]:
    """Return all pairs that are linked, found by their bands as the store finds them."""
    by_band: dict[int, list[int]] = defaultdict(list)
    for number, each in enumerate(prints):
        for band in each.bands() if each is not None else ():
            by_band[band].append(number)
    candidates = {pair for numbers in by_band.values() for pair in combinations(numbers, 2)}
    known = {number: each for number, each in enumerate(prints) if each is not None}
    return {(first, second) for first, second in candidates if known[first].similarity(known[second]) >= similarity}


def _exact_similarities(texts: Sequence[str]) -> dict[tuple[int, int], float]:
    """Return the exact Jaccard similarity of all pairs of articles that share a rare shingle."""
    sizes = []
    by_shingle: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        words = _WORD.findall(text.casefold())
        own = {" ".join(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        sizes.append(len(own))
        for shingle in own:
            by_shingle[shingle].append(number)
    rare = (numbers for numbers in by_shingle.values() if len(numbers) <= _COMMON)
    shared = Counter(pair for numbers in rare for pair in combinations(numbers, 2))
    return {pair: count / (sizes[pair[0]] + sizes[pair[1]] - count) for pair, count in shared.items()}


def _round(value: float, digits: int = 3) -> float:
    return round(value, digits)


if __name__ == "__main__":
    main()
