from __future__ import annotations

import pytest

from workers.predict import TASKS, WITHOUT_COMPONENT, predict

TEXT = "Works Minister Ama Osei said\u00a0the bridge was safe. “It will stay open,” she added. “Come and see for yourselves.”"


def test_attributions_merge_what_runs_on() -> None:
    (found,) = predict("attributions", [{"id": "x", "text": TEXT}])
    assert found["id"] == "x"
    assert [[TEXT[s:e] for s, e in one["content"]] for one in found["attributions"]] == [
        ["the bridge was safe"],
        ["“It will stay open,”", "“Come and see for yourselves.”"],
    ]
    assert all(0 < one["score"] < 1 for one in found["attributions"])


def test_entities_carry_the_labels_of_the_corpus() -> None:
    (found,) = predict("entities", [{"id": "x", "text": TEXT}])
    assert [(TEXT[one["start"] : one["end"]], one["label"]) for one in found["entities"]] == [("Ama Osei", "Person")]


def test_coreference_answers_every_pronoun() -> None:
    (found,) = predict("coreference", [{"id": "x", "text": "Mrs. Ama Osei arrived. She was late. It was his fault."}])
    assert [one["name"] for one in found["mentions"]] == ["Ama Osei", None]


def test_pairs_and_targets_are_read_by_their_offsets() -> None:
    text = "Tarva accused Osei of fraud."
    (pair,) = predict("stance_pairs", [{"id": "0", "text": text, "a": [0, 5], "b": [14, 18]}])
    assert (pair["id"], pair["stance"], pair["holder"]) == ("0", "oppose", "a")
    (target,) = predict("target_sentiment", [{"id": "0", "text": text, "target": [14, 18]}])
    assert target["stance"] == "oppose"


def test_a_task_without_component_answers_its_majority_class() -> None:
    assert frozenset({"claim_stance"}) == WITHOUT_COMPONENT
    found = list(predict("claim_stance", [{"id": "0", "text": "It is.", "claim": "It is"}, {"text": "No.", "claim": "It is"}]))
    assert [one["stance"] for one in found] == ["support", "support"]
    assert "id" not in found[1]


def test_there_are_six_tasks() -> None:
    assert set(TASKS) == {"attributions", "entities", "stance_pairs", "target_sentiment", "claim_stance", "coreference"}


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(ValueError, match="no task 'weather'"):
        predict("weather", [])
