from __future__ import annotations

import pytest

from workers.evaluation.predict import BY_RULE, TASKS, predict

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


@pytest.mark.parametrize("model", ["trained", "rules"])
def test_pairs_and_targets_are_read_by_their_offsets(model: str) -> None:
    text = "Tarva accused Osei of fraud."
    (pair,) = predict("stance_pairs", [{"id": "0", "text": text, "a": [0, 5], "b": [14, 18]}], model)
    assert (pair["id"], pair["stance"], pair["holder"]) == ("0", "oppose", "a")
    (turned,) = predict("stance_pairs", [{"text": text, "a": [14, 18], "b": [0, 5]}], model)
    assert (turned["stance"], turned["holder"]) == ("oppose", "b")
    assert "id" not in turned
    (target,) = predict("target_sentiment", [{"id": "0", "text": text, "target": [14, 18]}], model)
    assert target["stance"] == "oppose"


def test_offsets_of_no_word_have_no_side() -> None:
    (pair,) = predict("stance_pairs", [{"text": "Tarva accused Osei.", "a": [5, 6], "b": [14, 18]}])
    assert (pair["stance"], pair["score"]) == ("none", 0.0)


def test_a_statement_is_held_against_a_claim() -> None:
    claim = "The government should raise taxes on the rich"
    texts = ["Higher taxes on the wealthy would pay for hospitals.", "Taxing the rich more would drive them abroad."]
    found = list(predict("claim_stance", [{"text": text, "claim": claim} for text in texts]))
    assert [one["stance"] for one in found] == ["support", "oppose"]
    assert all(0.5 <= one["score"] <= 1 for one in found)


def test_what_no_rule_answers_says_so() -> None:
    assert set(TASKS) - set(BY_RULE) == {"claim_stance"}
    with pytest.raises(ValueError, match="no task 'claim_stance'"):
        predict("claim_stance", [], "rules")


def test_there_are_six_tasks() -> None:
    assert set(TASKS) == {"attributions", "entities", "stance_pairs", "target_sentiment", "claim_stance", "coreference"}


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(ValueError, match="no task 'weather'"):
        predict("weather", [])
