"""`make peers`: other programs that find quotations, beside ours: the same articles, one thread each.

Speed is articles a second of processor time on a mix; F1 that of the corpora's task ``attributions`` on its
dev set. The peers run in an environment of their own, by ``reader.py``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
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

PEERS: Final = ("spacy", "textacy")
OURS: Final = ("trained", "rules")
ROUNDS: Final = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter of the peers' environment")
    arguments = parser.parse_args()
    mix = [article.plain_body() for article in read_articles(arguments.articles)]
    gold = [json.loads(line) for line in (arguments.corpora / "attributions" / "dev.jsonl").open(encoding="utf-8")]
    speeds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):  # in turn, since the speed of a machine drifts
        for system in (*PEERS, *OURS):
            cpu_s = ours_cpu_s(system, mix) if system in OURS else peer(arguments.python, system, mix)["cpu_s"]
            speeds.setdefault(system, []).append(len(mix) / cpu_s)
    rows = []
    for system in (*PEERS, *OURS):
        speed = f"{sorted(speeds[system])[ROUNDS // 2]:.1f} ({min(speeds[system]):.1f} to {max(speeds[system]):.1f})"
        if system in OURS:
            predictions, name = list(predict("attributions", gold, system)), f"Stancewire {VERSION}, {system}"
        else:
            answer = peer(arguments.python, system, [row["text"] for row in gold])
            predictions, name = answer["predictions"], answer["versions"]
        rows.append([name, speed, "–" if system == "spacy" else scores(gold, predictions)])
    sys.stdout.write(
        table(["program", "articles/s of processor time", "precision / recall / F1 of attributions"], rows) + "\n"
    )


def peer(python: Path, system: str, texts: list[str]) -> dict[str, Any]:
    """Have a peer read the texts."""
    completed = subprocess.run(
        [str(python), reader.__file__, system],
        input="\n".join(json.dumps({"text": text}) for text in texts),
        env=dict.fromkeys(THREAD_VARIABLES, "1") | {"PATH": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(completed.stdout)
    return answer


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
