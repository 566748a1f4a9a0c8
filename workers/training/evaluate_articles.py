"""Scores whole articles: ``python -m workers.training.evaluate_articles --corpora PATH``.

Prints a line of JSON for each figure: statements, B³ and LEA on the dev articles that we annotated, their stances by
threshold, and GAP (dev).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from workers.evaluation.article_stances import GROUPS, ArticleScore, Group, ThresholdScore, by_threshold, score_stances
from workers.evaluation.whole_articles import Counts, interval, run, score_article, score_gap, total
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.training.annotated_articles import DEV, read_articles
from workers.training.coreference_documents import GAP


def main(arguments: list[str] | None = None) -> None:
    """Score the dev sets of a folder of corpora."""
    parser = argparse.ArgumentParser(prog="python -m workers.training.evaluate_articles", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--model", choices=sorted(COMPONENTS), default="trained", help="the pipeline to evaluate")
    options = parser.parse_args(arguments)
    nlp = build_nlp(COMPONENTS[options.model])
    articles = run(nlp, read_articles(options.corpora, DEV), _scores)
    for name in ("statements", "b3", "lea"):
        sys.stdout.write(_line(name, [counts[name] for counts, _ in articles]))
    for group in GROUPS:
        for row in by_threshold([stances[group] for _, stances in articles]):
            sys.stdout.write(_stance_line(group, len(articles), row))
    rows = (options.corpora / GAP / "dev.jsonl").read_text("utf-8").splitlines()
    sys.stdout.write(_line("gap", run(nlp, map(json.loads, rows), score_gap)))


def _scores(row: dict[str, Any], doc: Doc) -> tuple[dict[str, Counts], dict[Group, ArticleScore]]:
    """Return the counts of an article and its stances."""
    return score_article(row, doc), {group: score_stances(row, doc, group) for group in GROUPS}


def _stance_line(group: Group, texts: int, row: ThresholdScore) -> str:
    """Return precision and recall of stances at a threshold, with their intervals, as a line of JSON."""
    figures = {
        "threshold": row.threshold,
        "given": row.given,
        "right": row.right,
        "gold": row.gold,
        "precision": round(row.precision, 3),
        "precision_interval": [round(edge, 3) for edge in row.precision_interval],
        "recall": round(row.recall, 3),
        "recall_interval": [round(edge, 3) for edge in row.recall_interval],
    }
    return json.dumps({"figure": f"stances, {group}", "texts": texts} | figures) + "\n"


def _line(name: str, counts: Sequence[Counts]) -> str:
    """Return precision, recall, F1 and its interval as a line of JSON."""
    all_counts = total(counts)
    low, high = interval(counts, lambda each: each.f1)
    figures = {
        "precision": all_counts.precision,
        "recall": all_counts.recall,
        "f1": all_counts.f1,
        "low": low,
        "high": high,
    }
    rounded = {key: round(value, 3) for key, value in figures.items()}
    return json.dumps({"figure": name, "texts": len(counts)} | rounded) + "\n"


if __name__ == "__main__":
    main()
