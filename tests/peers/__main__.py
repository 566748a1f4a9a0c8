"""`make peers`: other programs that find quotations, beside ours: the same articles, one thread each.

Speed is articles a second of processor time on a mix; F1 that of the corpora's task ``attributions`` on its
dev set. The peers run in environments of their own, by ``reader.py``: spaCy and textacy in one that is made for them,
those that are not packaged from clones of their repositories.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from services.ingest.files import read_articles
from services.settings import Pipeline as PipelineSettings
from services.version import VERSION
from tests.benchmarks.page import table
from tests.peers import reader
from workers import THREAD_VARIABLES
from workers.evaluation.metrics import aggregate
from workers.evaluation.predict import predict
from workers.evaluation.scoring import score_documents
from workers.pipeline.pipeline import Pipeline

OURS: Final = ("trained", "rules")
ROUNDS: Final = 3
# Peers that are not packaged, and the folders of their clones.
CLONES: Final = {"citron": "citron", "gender gap tracker": "GenderGapTracker"}


@dataclass(frozen=True)
class Peer:
    """A program, the interpreter that runs it, and its clone if it is not packaged."""

    system: str
    python: Path
    clone: Path | None = None

    def read(self, texts: list[str]) -> dict[str, Any]:
        """Have the program read the texts. Raises CalledProcessError if it fails."""
        command = [str(self.python), reader.__file__, self.system, *([str(self.clone)] if self.clone else [])]
        with tempfile.TemporaryDirectory() as folder:  # some write logs where they are started
            completed = subprocess.run(
                command,
                input="\n".join(json.dumps({"text": text}) for text in texts),
                env=dict.fromkeys(THREAD_VARIABLES, "1") | {"PATH": "", "HOME": folder},
                cwd=folder,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        answer: dict[str, Any] = json.loads(completed.stdout)
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter with spaCy and textacy")
    parser.add_argument("--clones", type=Path, help="a folder with clones of the peers that are not packaged")
    parser.add_argument("--limit", type=int, help="read the first articles only")
    arguments = parser.parse_args()
    mix = [article.plain_body() for article in islice(read_articles(arguments.articles), arguments.limit)]
    gold = [json.loads(line) for line in (arguments.corpora / "attributions" / "dev.jsonl").open(encoding="utf-8")]
    peers = list(installed(arguments.python.absolute(), arguments.clones))
    speeds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):  # in turn, since the speed of a machine drifts
        for peer in peers:
            speeds.setdefault(peer.system, []).append(len(mix) / peer.read(mix)["cpu_s"])
        for model in OURS:
            speeds.setdefault(model, []).append(len(mix) / ours_cpu_s(model, mix))
    rows = []
    for peer in peers:
        answer = peer.read([row["text"] for row in gold])
        commit = f"{peer.system} {commit_of(peer.clone)}, " if peer.clone else ""
        figures = "–" if peer.system == "spacy" else scores(gold, answer["predictions"])
        rows.append([f"{commit}{answer['versions']}", speed(speeds[peer.system]), figures])
    for model in OURS:
        predictions = list(predict("attributions", gold, model))
        rows.append([f"Stancewire {VERSION}, {model}", speed(speeds[model]), scores(gold, predictions)])
    head = ["program", "articles/s of processor time", "precision / recall / F1 of attributions"]
    print(f"{len(mix)} articles of {sum(len(text.split()) for text in mix) / len(mix):.0f} words, {ROUNDS} rounds")
    print(table(head, rows))


def installed(python: Path, clones: Path | None) -> Iterator[Peer]:
    """Yield the peers that can be run here; say which cannot.

    A clone that has an environment of its own in ``.venv`` runs in that.
    """
    yield from (Peer(system, python) for system in ("spacy", "textacy"))
    for system, folder in CLONES.items():
        clone = clones.absolute() / folder if clones else None
        if clone is None or not clone.is_dir():
            print(f"left out: {system}, of which there is no clone (--clones FOLDER with {folder} in it)")
            continue
        own = clone / ".venv" / "bin" / "python"
        yield Peer(system, own if own.exists() else python, clone)


def commit_of(clone: Path) -> str:
    command = ["git", "-C", str(clone), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def speed(rates: list[float]) -> str:
    return f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"


def ours_cpu_s(model: str, texts: list[str]) -> float:
    pipeline = pipelines(model)
    pipeline.analyse_text(texts[0])
    began = time.process_time()
    for text in texts:
        pipeline.analyse_text(text)
    return time.process_time() - began


def pipelines(model: str, _loaded: dict[str, Pipeline] = {}) -> Pipeline:  # noqa: B006 -- kept between calls
    if model not in _loaded:
        _loaded[model] = Pipeline(PipelineSettings.model_validate({"model": model}))
    return _loaded[model]


def scores(gold: list[dict[str, Any]], predictions: list[dict[str, Any]]) -> str:
    count = aggregate("attributions", score_documents("attributions", gold, predictions)).counts["attribution"]
    return f"{count.precision:.3f} / {count.recall:.3f} / **{count.f1:.3f}**"


if __name__ == "__main__":
    main()
