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
def test_reads_who_is_against_whom(text: str, stance: str, holder: str | None) -> None:
    found = relations.between(text, span(text, "Tarva"), span(text, "Osei"))
    assert (found["stance"], found["holder"]) == (stance, holder)


def test_the_order_of_the_pair_does_not_change_who_holds_the_stance() -> None:
    text = "Tarva accused Osei of fraud."
    found = relations.between(text, span(text, "Osei"), span(text, "Tarva"))
    assert (found["stance"], found["holder"]) == ("oppose", "b")


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("A brilliant leader, Osei won again.", "support"),
        ("Osei, a convicted liar, failed again.", "oppose"),
        ("Osei took the train to Tarva.", "none"),
    ],
)
def test_words_of_praise_and_blame_decide(text: str, stance: str) -> None:
    assert relations.towards(text, span(text, "Osei"))["stance"] == stance
