from __future__ import annotations

from typing import Any

import pytest

from workers.evaluation.scoring import figures, tallies

TEXT = "Ama Osei said, the bridge is safe. She left."


def at(part: str, text: str = TEXT) -> list[int]:
    return [text.index(part), text.index(part) + len(part)]


def said(source: str | None, cue: str, content: str, **more: Any) -> dict[str, Any]:
    return {"source": [at(source)] if source else [], "cue": [at(cue)], "content": [at(content)], **more}


def score(task: str, gold: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return figures(task, tallies(task, [gold], [answer])).rounded()


def attributions(*found: dict[str, Any]) -> dict[str, Any]:
    gold = {"text": TEXT, "attributions": [said("Ama Osei", "said", "the bridge is safe")]}
    return score("attributions", gold, {"attributions": list(found)})


def test_outer_marks_do_not_make_a_span_wrong() -> None:
    found = attributions(said("Ama Osei", "said,", "the bridge is safe."))
    assert all(found[name]["f"] == 1 for name in ("attribution", "cue_exact", "content_exact", "content_word"))


def test_half_of_each_role_is_enough_for_the_whole_and_less_is_not() -> None:
    assert attributions(said("Osei", "said", "bridge is safe"))["attribution"]["f"] == 1
    assert attributions(said("Osei", "said", "safe"))["attribution"]["f"] == 0
    assert attributions(said(None, "said", "the bridge is safe"))["attribution"]["f"] == 0


def test_two_answers_for_one_statement_are_one_right_and_one_wrong() -> None:
    found = attributions(
        said("Ama Osei", "said", "the bridge is safe", score=1.0), said("Osei", "said", "bridge is safe", score=1.0)
    )
    assert found["attribution"] == {"p": 0.5, "r": 1.0, "f": 0.6667}
    assert found["ece"] == 0.5


def test_no_calibration_error_where_a_score_is_missing() -> None:
    assert "ece" not in attributions(said("Ama Osei", "said", "the bridge is safe"))


def test_an_entity_needs_its_span_and_its_label() -> None:
    gold = {"text": TEXT, "entities": [{"start": 0, "end": 8, "label": "Person"}]}
    wrong = score("entities", gold, {"entities": [{"start": 0, "end": 8, "label": "Misc", "score": 0.3}]})
    assert (wrong["all"]["f"], wrong["ece"]) == (0, 0.3)
    assert score("entities", gold, gold)["Person"]["f"] == 1


@pytest.mark.parametrize(("name", "right"), [("Osei", 1), ("Ms Ama Osei", 1), ("Ama Boateng", 0), (None, 0)])
def test_a_pronouns_name_holds_words_of_its_cluster_alone(name: str | None, right: int) -> None:
    mention = {"type": "person", "entity": 1}
    gold = {
        "text": TEXT,
        "mentions": [
            {"start": 0, "end": 8, "form": "name"} | mention,
            {"start": 35, "end": 38, "form": "pronoun"} | mention,
        ],
    }
    found = score("coreference", gold, {"mentions": [{"start": 35, "end": 38, "name": name}]})
    assert (found["pronoun_name"]["f"], found["commonest"]["f"]) == (right, 1)


def test_a_stance_is_right_with_its_holder_only_and_macro_f1_is_over_the_golds_classes() -> None:
    gold = [{"text": "x", "stance": "support", "holder": "a"}, {"text": "x", "stance": "none", "holder": None}]
    found = [{"stance": "support", "holder": "b"}, {"stance": "none", "holder": None}]
    assert figures("stance_pairs", tallies("stance_pairs", gold, found)).rounded() == {
        "accuracy": 0.5,
        "macro_f": 0.5,
        "none": {"p": 1.0, "r": 1.0, "f": 1.0},
        "support:a": {"p": 0.0, "r": 0.0, "f": 0.0},
        "support:b": {"p": 0.0, "r": 0.0, "f": 0.0},
    }


def test_what_breaks_the_rules_is_refused() -> None:
    gold = {"id": "x", "text": TEXT, "entities": []}
    with pytest.raises(ValueError, match="characters"):
        score("entities", gold, {"entities": [{"start": 40, "end": 99, "label": "Misc"}]})
    with pytest.raises(ValueError, match="'y'"):
        score("entities", gold, {"id": "y", "entities": []})
    with pytest.raises(ValueError, match="0 predictions for 1 rows"):
        tallies("entities", [gold], [])
