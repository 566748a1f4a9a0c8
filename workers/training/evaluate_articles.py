"""Scores whole articles: ``python -m workers.training.evaluate_articles --corpora PATH``.

Prints a line of JSON for each figure: statements, B³ and LEA on the dev articles that we annotated, how well the scores
of their attributions agree with the share that is right, their stances by threshold, those of our own articles that are
held out, and GAP (dev).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from spacy.tokens import Doc

from workers.evaluation.article_stances import GROUPS, ArticleScore, Group, ThresholdScore, by_threshold, score_stances
from workers.evaluation.calibration import calibration_error, reliability
from workers.evaluation.statements import Judgement
from workers.evaluation.whole_articles import (
    Counts,
    interval,
    judge_attributions,
    run,
    score_article,
    score_gap,
    total,
)
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.training.annotated_articles import DEV, HELD_OUT, read_articles, read_stances
from workers.training.coreference_documents import GAP

_HIGHEST: Final = 5


def main(arguments: list[str] | None = None) -> None:
    """Score the dev sets of a folder of corpora."""
    parser = argparse.ArgumentParser(prog="python -m workers.training.evaluate_articles", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--model", choices=sorted(COMPONENTS), default="trained", help="the pipeline to evaluate")
    options = parser.parse_args(arguments)
    nlp = build_nlp(COMPONENTS[options.model])
    articles = run(nlp, read_articles(options.corpora, DEV), _score)
    for name in ("statements", "b3", "lea"):
        sys.stdout.write(_line(name, [article.counts[name] for article in articles]))
    sys.stdout.write(_scores_line([each for article in articles for each in article.attributions], len(articles)))
    own = run(nlp, read_stances(options.corpora, HELD_OUT), _score_stances)
    for name, stances in (("stances", [article.stances for article in articles]), ("stances, our own articles", own)):
        for group in GROUPS:
            for row in by_threshold([of_article[group] for of_article in stances]):
                sys.stdout.write(_stance_line(f"{name}, {group}", len(stances), row))
    rows = (options.corpora / GAP / "dev.jsonl").read_text("utf-8").splitlines()
    sys.stdout.write(_line("gap", run(nlp, map(json.loads, rows), score_gap)))


class _Article(NamedTuple):
    """The counts of an article, its stances, and its attributions with their scores."""

    counts: dict[str, Counts]
    stances: dict[Group, ArticleScore]
    attributions: list[tuple[float, Judgement]]


def _score(row: dict[str, Any], doc: Doc) -> _Article:
    scores = [attribution.result_score for attribution in doc._.attributions]
    return _Article(
        score_article(row, doc),
        _score_stances(row, doc),
        list(zip(scores, judge_attributions(row, doc), strict=True)),
    )


def _score_stances(row: dict[str, Any], doc: Doc) -> dict[Group, ArticleScore]:
    return {group: score_stances(row, doc, group) for group in GROUPS}


def _scores_line(attributions: Sequence[tuple[float, Judgement]], texts: int) -> str:
    """Return the calibration error of scores with its bins, and the highest scores of wrong speakers, as JSON.

    A bin is its bounds, the number of attributions, their mean score and the share that is right.
    """
    bins = reliability([score for score, _ in attributions], [each.content_and_speaker for _, each in attributions])
    wrong = [score for score, each in attributions if each.content and not each.content_and_speaker]
    figures = {
        "answers": len(attributions),
        "calibration_error": round(calibration_error(bins), 4),
        "bins": [[round(value, 3) for value in each] for each in bins if each.answers],
        "wrong_speakers": len(wrong),
        "highest_wrong_speakers": sorted(wrong, reverse=True)[:_HIGHEST],
    }
    return json.dumps({"figure": "scores of attributions", "texts": texts} | figures) + "\n"


def _stance_line(name: str, texts: int, row: ThresholdScore) -> str:
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
    return json.dumps({"figure": name, "texts": texts} | figures) + "\n"


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
