from __future__ import annotations

import pytest

from workers.evaluation.predict import RULE_TASKS, TASKS, predict

TEXT = (
    "Works Minister Ama Osei said\u00a0the bridge was safe. "
    "“It will stay open,” she added. “Come and see for yourselves.”"
)


def test_continued_quotation_is_joined_to_its_attribution() -> None:
    (prediction,) = predict("attributions", [{"id": "x", "text": TEXT}])
    assert prediction["id"] == "x"
    assert [[TEXT[start:end] for start, end in each["content"]] for each in prediction["attributions"]] == [
        ["the bridge was safe"],
        ["“It will stay open,”", "“Come and see for yourselves.”"],
    ]
    assert all(0 < each["score"] < 1 for each in prediction["attributions"])


def test_entities_have_the_labels_of_the_corpus() -> None:
    (prediction,) = predict("entities", [{"id": "x", "text": TEXT}])
    entities = [(TEXT[each["start"] : each["end"]], each["label"]) for each in prediction["entities"]]
    assert entities == [("Ama Osei", "Person")]


def test_coreference_answers_every_pronoun() -> None:
    text = "Mrs. Ama Osei arrived. She was late. It was his fault."
    (prediction,) = predict("coreference", [{"id": "x", "text": text}])
    assert [mention["name"] for mention in prediction["mentions"]] == ["Ama Osei", None]


@pytest.mark.parametrize("model", ["trained", "rules"])
def test_pairs_and_targets_are_read_by_their_offsets(model: str) -> None:
    text = "Tarva accused Osei of fraud."
    (pair,) = predict("stance_pairs", [{"id": "0", "text": text, "a": [0, 5], "b": [14, 18]}], model)
    assert (pair["id"], pair["stance"], pair["holder"]) == ("0", "oppose", "a")
    (swapped,) = predict("stance_pairs", [{"text": text, "a": [14, 18], "b": [0, 5]}], model)
    assert (swapped["stance"], swapped["holder"]) == ("oppose", "b")
    assert "id" not in swapped
    (target,) = predict("target_sentiment", [{"id": "0", "text": text, "target": [14, 18]}], model)
    assert target["stance"] == "oppose"


def test_offsets_without_a_word_have_no_stance() -> None:
    (pair,) = predict("stance_pairs", [{"text": "Tarva accused Osei.", "a": [5, 6], "b": [14, 18]}])
    assert (pair["stance"], pair["score"]) == ("none", 0.0)


def test_statements_support_or_oppose_a_claim() -> None:
    claim = "The government should raise taxes on the rich"
    texts = ["Higher taxes on the wealthy would pay for hospitals.", "Taxing the rich more would drive them abroad."]
    predictions = list(predict("claim_stance", [{"text": text, "claim": claim} for text in texts]))
    assert [prediction["stance"] for prediction in predictions] == ["support", "oppose"]
    assert all(0.5 <= prediction["score"] <= 1 for prediction in predictions)


def test_rules_reject_the_claim_task() -> None:
    assert set(TASKS) - set(RULE_TASKS) == {"claim_stance"}
    with pytest.raises(ValueError, match="no task 'claim_stance'"):
        predict("claim_stance", [], "rules")


def test_task_names_are_stable() -> None:
    assert set(TASKS) == {"attributions", "entities", "stance_pairs", "target_sentiment", "claim_stance", "coreference"}


def test_unknown_task_is_rejected() -> None:
    with pytest.raises(ValueError, match="no task 'weather'"):
        predict("weather", [])
