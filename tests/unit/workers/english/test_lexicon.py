from __future__ import annotations

import pytest

from services.contracts import Act
from workers.english import lexicon


@pytest.mark.parametrize(
    ("verb", "third", "past", "ing"),
    [
        ("deny", "denies", "denied", "denying"),
        ("say", "says", "sayed", "saying"),
        ("argue", "argues", "argued", "arguing"),
        ("admit", "admits", "admitted", "admitting"),
        ("stress", "stresses", "stressed", "stressing"),
        ("slam", "slams", "slammed", "slamming"),
        ("agree", "agrees", "agreed", "agreeing"),
        ("echo", "echoes", "echoed", "echoing"),
        ("explain", "explains", "explained", "explaining"),
    ],
)
def test_inflects(verb: str, third: str, past: str, ing: str) -> None:
    assert lexicon.inflect(verb) == {"s": third, "past": past, "ing": ing}


def test_irregular_forms_replace_the_regular_past() -> None:
    forms = lexicon.cue_forms()
    assert forms["said"][0].lemma == "say"
    assert "sayed" not in forms


def test_the_longest_multiword_cue_comes_first() -> None:
    entries = lexicon.cue_forms()["called"]
    assert [len(entry.rest) for entry in entries] == sorted((len(entry.rest) for entry in entries), reverse=True)
    assert {entry.lemma for entry in entries} >= {"call on", "call for"}


def test_every_act_has_a_cue() -> None:
    assert {entry.act for entries in lexicon.cue_forms().values() for entry in entries} == set(Act)
