"""Whole articles as examples, and what a second reading adds to them."""

from __future__ import annotations

from typing import Any

import pytest

from workers.model.inputs import EncoderInput
from workers.model.stance_heads import NONE, OPPOSE, Pair
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.training import article_pairs
from workers.training.article_decision import article_examples
from workers.training.corpora import UNLABELLED, Example, LabelledPair

TEXT = "Ada Holt attacked Brann Lowe on Monday. “Brann Lowe has failed this town,” Ada Holt said."
FIRST_SENTENCE = [0, TEXT.index("“") - 1]
QUOTED = [TEXT.index("Brann", 20), TEXT.index(",”") + 1]


def reading(*passages: list[int]) -> dict[str, Any]:
    """Return a reading in which Ada Holt opposes Brann Lowe, shown by these passages, or by none and not at all."""
    entities = [
        {"id": name, "type": "PERSON", "mentions": [[start := TEXT.index(words), start + len(words), "name"]]}
        for name, words in (("E1", "Ada Holt"), ("E2", "Brann Lowe"))
    ]
    stance = {"holder": "E1", "side": "oppose", "target": "E2", "passages": list(passages)}
    return {"id": "a", "text": TEXT, "entities": entities, "stances": [stance] * bool(passages)}


@pytest.fixture(scope="module")
def doc() -> Any:
    return build_nlp([name for name in COMPONENTS["trained"] if name != "stancewire_sides"])(TEXT)


def labels(example: Example) -> list[int]:
    return sorted(label for _, label in example.pairs)


def test_passages_that_show_a_stance_are_its_examples(doc: Any) -> None:
    first = labels(article_pairs.article_example(doc, reading(FIRST_SENTENCE)))
    both = labels(article_pairs.article_example(doc, reading(FIRST_SENTENCE, QUOTED)))
    assert 1 <= first.count(OPPOSE) < both.count(OPPOSE)


def test_article_read_twice_gives_the_pairs_of_both_readings(doc: Any) -> None:
    first, second = reading(FIRST_SENTENCE, QUOTED), reading()
    alone = [labels(article_pairs.article_example(doc, each)) for each in (first, second)]
    assert OPPOSE not in alone[1]
    together = labels(article_pairs.article_example(doc, first | {"again": [second]}))
    assert together.count(OPPOSE) == alone[0].count(OPPOSE)
    assert together.count(NONE) > alone[0].count(NONE), "of the reader who saw no stance there"


def test_sentences_for_a_teacher_have_parties_but_no_labels() -> None:
    count = 20
    words = EncoderInput(list(range(count)), [(5,)] * count, [0] * count, [0] * count, [0] * count)
    sentence = (4, 16)
    pairs = [LabelledPair(Pair((5, 7), (9, 10), sentence), OPPOSE), LabelledPair(Pair(None, (0, 2), (0, 4)), OPPOSE)]
    [example] = article_pairs.unlabelled([Example(words, pairs=pairs)], 10)
    assert len(example.words) == 12, "a fragment of four words is left out"
    assert sorted(example.pairs) == [LabelledPair(Pair(None, party, (0, 12)), UNLABELLED) for party in ((1, 3), (5, 6))]


def test_decision_learns_from_each_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    article = reading(FIRST_SENTENCE, QUOTED) | {"again": [reading()]}
    monkeypatch.setattr("workers.training.article_decision.read_stances", lambda *_: [article])
    monkeypatch.setattr("workers.training.article_decision.read_articles", lambda *_: [])
    nlp = build_nlp([name for name in COMPONENTS["trained"] if name != "stancewire_sides"])
    [examples] = article_examples(nlp, tmp_path)
    half = len(examples.on_parties) // 2
    first, second = examples.on_parties[:half], examples.on_parties[half:]
    assert [each.features for each in first] == [each.features for each in second]
    assert any(each.is_right for each in first)
    assert not any(each.is_right for each in second)
    assert {each.weight for each in examples.on_parties} == {0.5}
