"""The table of acts: each member of the enum has a complete record."""

from __future__ import annotations

from services.contracts import Act
from services.contracts.acts import ACT_RECORDS


def test_every_act_has_a_record() -> None:
    assert set(ACT_RECORDS) == set(Act)


def test_every_act_has_a_distinct_verb() -> None:
    verbs = [record.verb for record in ACT_RECORDS.values()]
    assert all(verbs)
    assert len(set(verbs)) == len(verbs)


def test_an_act_has_a_stance_if_and_only_if_it_has_a_precision() -> None:
    for act, record in ACT_RECORDS.items():
        assert (record.stance is None) == (record.precision is None), act
        assert record.precision is None or 0 < record.precision < 1, act
