from __future__ import annotations

import pytest

from workers.stance import relations


def span(text: str, name: str) -> tuple[int, int]:
    start = text.index(name)
    return start, start + len(name)


@pytest.mark.parametrize(
    ("text", "stance", "holder"),
    [
        ("Tarva accused Osei of fraud.", "oppose", "a"),
        ("Tarva warmly praised Osei for her work.", "support", "a"),
        ("Tarva was sharply criticised by Osei.", "oppose", "b"),
        ("Tarva renewed its criticism of Osei.", "oppose", "a"),
        ("Tarva spoke out against Osei.", "oppose", "a"),
        ("Tarva did not endorse Osei.", "none", None),
        ("Tarva met nobody while Osei slept.", "none", None),
    ],
)
def test_words_between_two_names_give_stance_and_holder(text: str, stance: str, holder: str | None) -> None:
    answer = relations.stance_between(text, span(text, "Tarva"), span(text, "Osei"))
    assert (answer["stance"], answer["holder"]) == (stance, holder)


def test_order_of_the_pair_does_not_change_the_holder() -> None:
    text = "Tarva accused Osei of fraud."
    answer = relations.stance_between(text, span(text, "Osei"), span(text, "Tarva"))
    assert (answer["stance"], answer["holder"]) == ("oppose", "b")


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("A brilliant leader, Osei won again.", "support"),
        ("Osei, a convicted liar, failed again.", "oppose"),
        ("Osei took the train to Tarva.", "none"),
    ],
)
def test_words_of_praise_and_blame_give_the_sentiment(text: str, stance: str) -> None:
    assert relations.sentiment_towards(text, span(text, "Osei"))["stance"] == stance
