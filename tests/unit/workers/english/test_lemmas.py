from __future__ import annotations

import pytest

from workers.english.lemmas import lemma

VOCABULARY = frozenset(
    {
        "say",
        "vote",
        "plan",
        "pass",
        "deny",
        "want",
        "hope",
        "stop",
        "agree",
        "state",
        "criticize",
        "refer",
        "complaint",
        "tie",
        "su",
        "sue",
    }
)


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("said", "say"),
        ("Says", "say"),
        ("voted", "vote"),
        ("planning", "plan"),
        ("passes", "pass"),
        ("denied", "deny"),
        ("denies", "deny"),
        ("wants", "want"),
        ("hoping", "hope"),
        ("stopped", "stop"),
        ("agreed", "agree"),
        ("states", "state"),
        ("criticized", "criticize"),
        ("referring", "refer"),
        ("complaints", "complaint"),
        ("ties", "tie"),
        ("sought", "seek"),
        ("was", "be"),
        ("sued", "sue"),
        ("gloopified", "gloopified"),
        ("press", "press"),
        (":", ":"),
    ],
)
def test_lemma_returns_base_form(word: str, base: str) -> None:
    assert lemma(word, VOCABULARY) == base
