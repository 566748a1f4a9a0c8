from __future__ import annotations

import time

import pytest

from services.contracts import Topic
from services.topics.matching import Matcher, contains_word


def topic(*aliases: str, name: str = "A name of its own", key: str = "t") -> Topic:
    return Topic(id=key, name=name, aliases=aliases, claim="It should be.")


def matches(alias: str, text: str) -> list[str]:
    return [text[match.start : match.end] for match in Matcher([topic(alias)]).find(text)]


@pytest.mark.parametrize(
    ("alias", "text", "expected"),
    [
        ("NATO", "NATO’s members want NATO-led talks, not NATOs", ["NATO", "NATO"]),
        ("NATO", "Nato and nato", ["Nato"]),
        ("US", "us, Us and the US", ["US"]),
        ("Turkey", "A turkey in Turkey. TURKEY AND GREECE", ["Turkey", "TURKEY"]),
        ("tariff", "Tariff, TARIFF, tariffs", ["Tariff", "TARIFF"]),
        ("Green Party", "the green party of the Green\n  Party", ["Green\n  Party"]),
        (
            "vaccine mandate",
            "vaccine-mandate, vaccine, mandate; Vaccine Mandate",
            ["vaccine-mandate", "Vaccine Mandate"],
        ),
        ("people's vote", "a people’s vote", ["people’s vote"]),
        ("U.S. tariffs", "the U.S. tariffs and US tariffs", ["U.S. tariffs"]),
        ("AT&T", "AT&T, AT T", ["AT&T"]),
        ("Straße", "die STRASSE, die Straße", ["STRASSE", "Straße"]),
        ("…", "…", []),
        ("long", "", []),
    ],
)
def test_alias_matches_at_word_boundaries_and_by_its_case(alias: str, text: str, expected: list[str]) -> None:
    assert matches(alias, text) == expected


def test_name_of_a_topic_matches_like_an_alias() -> None:
    matcher = Matcher([topic("eastern expansion", name="NATO enlargement", key="a"), topic("NATO", key="b")])
    text = "NATO enlargement, or eastern expansion"
    assert [(text[m.start : m.end], m.topic) for m in sorted(matcher.find(text), key=lambda m: (m.start, m.end))] == [
        ("NATO", "b"),
        ("NATO enlargement", "a"),
        ("eastern expansion", "a"),
    ]
    assert matcher.topics_of(text) == {"a", "b"}
    assert matcher.topics_of("enlargement of NATO") == {"b"}
    assert Matcher([]).topics_of(text) == frozenset()


def test_matching_time_does_not_grow_with_the_number_of_aliases() -> None:
    text = "Members said that the word of the day is one of many words. " * 2_000
    many = Matcher([topic(*(f"word{n} of{n}" for n in range(50)), key=f"t{k}") for k in range(200)])
    few = Matcher([topic("wordy")])

    def seconds(matcher: Matcher) -> float:
        began = time.process_time()
        assert matcher.topics_of(text) == frozenset()
        return time.process_time() - began

    assert min(seconds(many) for _ in range(3)) < 5 * min(seconds(few) for _ in range(3)) + 0.01


def test_contains_word_needs_a_letter_or_digit() -> None:
    assert contains_word("U.S.")
    assert not contains_word("_…&")
