from __future__ import annotations

import pytest

from services.contracts import Act
from workers.english import lexicon
from workers.english.lemmas import lemma


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
def test_inflect_applies_regular_rules(verb: str, third: str, past: str, ing: str) -> None:
    assert lexicon.inflect(verb) == {"s": third, "past": past, "ing": ing}


@pytest.mark.parametrize(
    ("verb", "past", "participle"),
    [("write", "wrote", "written"), ("put", "put", "put"), ("plead", "pled", "pled"), ("deny", "denied", "denied")],
)
def test_verb_forms_include_past_and_participle(verb: str, past: str, participle: str) -> None:
    forms = lexicon.verb_forms(verb)
    assert (forms["base"], forms["past"], forms["participle"]) == (verb, past, participle)


def test_irregular_forms_are_the_same_for_cues_acts_and_lemmas() -> None:
    verbs = {entry.lemma.split()[0] for entries in lexicon.act_forms().values() for entry in entries}
    for verb in verbs & set(lexicon.irregular_verbs()):
        irregular = lexicon.irregular_verbs()[verb]
        assert irregular.past in lexicon.act_forms()
        assert lemma(irregular.past, frozenset()) == verb
        assert lemma(irregular.participle, frozenset()) == verb


def test_cue_forms_use_irregular_past_instead_of_regular() -> None:
    forms = lexicon.cue_forms()
    assert forms["said"][0].lemma == "say"
    assert "sayed" not in forms


def test_cue_forms_list_longest_multiword_cue_first() -> None:
    entries = lexicon.cue_forms()["called"]
    assert [len(entry.rest) for entry in entries] == sorted((len(entry.rest) for entry in entries), reverse=True)
    assert {entry.lemma for entry in entries} >= {"call on", "call for"}


def test_every_act_has_a_cue() -> None:
    assert {entry.act for entries in lexicon.cue_forms().values() for entry in entries} == set(Act)
