from __future__ import annotations

from typing import Any

import pytest

from workers.evaluation.metrics import aggregate
from workers.evaluation.scoring import score_documents

TEXT = "Ama Osei said, the bridge is safe. She left."


def span_of(part: str, text: str = TEXT) -> list[int]:
    return [text.index(part), text.index(part) + len(part)]


def attribution(source: str | None, cue: str, content: str, **fields: Any) -> dict[str, Any]:
    return {
        "source": [span_of(source)] if source else [],
        "cue": [span_of(cue)],
        "content": [span_of(content)],
        **fields,
    }


def score(task: str, gold: dict[str, Any], prediction: dict[str, Any]) -> dict[str, Any]:
    return aggregate(task, score_documents(task, [gold], [prediction])).rounded()


def score_attributions(*predicted: dict[str, Any]) -> dict[str, Any]:
    gold = {"text": TEXT, "attributions": [attribution("Ama Osei", "said", "the bridge is safe")]}
    return score("attributions", gold, {"attributions": list(predicted)})


def test_punctuation_at_the_edges_of_a_span_is_ignored() -> None:
    metrics = score_attributions(attribution("Ama Osei", "said,", "the bridge is safe."))
    assert all(metrics[name]["f"] == 1 for name in ("attribution", "cue_exact", "content_exact", "content_word"))


def test_attribution_needs_half_of_each_role() -> None:
    assert score_attributions(attribution("Osei", "said", "bridge is safe"))["attribution"]["f"] == 1
    assert score_attributions(attribution("Osei", "said", "safe"))["attribution"]["f"] == 0
    assert score_attributions(attribution(None, "said", "the bridge is safe"))["attribution"]["f"] == 0


def test_second_prediction_for_one_attribution_is_wrong() -> None:
    metrics = score_attributions(
        attribution("Ama Osei", "said", "the bridge is safe", score=1.0),
        attribution("Osei", "said", "bridge is safe", score=1.0),
    )
    assert metrics["attribution"] == {"p": 0.5, "r": 1.0, "f": 0.6667}
    assert metrics["ece"] == 0.5


def test_calibration_error_is_omitted_if_a_score_is_missing() -> None:
    assert "ece" not in score_attributions(attribution("Ama Osei", "said", "the bridge is safe"))


def test_entity_needs_its_span_and_its_label() -> None:
    gold = {"text": TEXT, "entities": [{"start": 0, "end": 8, "label": "Person"}]}
    wrong = score("entities", gold, {"entities": [{"start": 0, "end": 8, "label": "Misc", "score": 0.3}]})
    assert (wrong["all"]["f"], wrong["ece"]) == (0, 0.3)
    assert score("entities", gold, gold)["Person"]["f"] == 1


@pytest.mark.parametrize(("name", "f1"), [("Osei", 1), ("Ms Ama Osei", 1), ("Ama Boateng", 0), (None, 0)])
def test_name_of_a_pronoun_may_only_contain_words_of_its_cluster(name: str | None, f1: int) -> None:
    mention = {"type": "person", "entity": 1}
    gold = {
        "text": TEXT,
        "mentions": [
            {"start": 0, "end": 8, "form": "name"} | mention,
            {"start": 35, "end": 38, "form": "pronoun"} | mention,
        ],
    }
    metrics = score("coreference", gold, {"mentions": [{"start": 35, "end": 38, "name": name}]})
    assert (metrics["pronoun_name"]["f"], metrics["commonest"]["f"]) == (f1, 1)


def test_stance_needs_its_holder_and_macro_f1_covers_the_classes_of_the_gold() -> None:
    gold: list[dict[str, Any]] = [
        {"text": "x", "stance": "support", "holder": "a"},
        {"text": "x", "stance": "none", "holder": None},
    ]
    predicted: list[dict[str, Any]] = [{"stance": "support", "holder": "b"}, {"stance": "none", "holder": None}]
    assert aggregate("stance_pairs", score_documents("stance_pairs", gold, predicted)).rounded() == {
        "accuracy": 0.5,
        "macro_f": 0.5,
        "none": {"p": 1.0, "r": 1.0, "f": 1.0},
        "support:a": {"p": 0.0, "r": 0.0, "f": 0.0},
        "support:b": {"p": 0.0, "r": 0.0, "f": 0.0},
    }


def test_invalid_predictions_are_rejected() -> None:
    gold = {"id": "x", "text": TEXT, "entities": []}
    with pytest.raises(ValueError, match="characters"):
        score("entities", gold, {"entities": [{"start": 40, "end": 99, "label": "Misc"}]})
    with pytest.raises(ValueError, match="'y'"):
        score("entities", gold, {"id": "y", "entities": []})
    with pytest.raises(ValueError, match="0 predictions for 1 rows"):
        score_documents("entities", [gold], [])
