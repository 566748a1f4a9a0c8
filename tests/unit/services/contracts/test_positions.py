from __future__ import annotations

from services.contracts import Extent, Side, Stance, StanceLabel, Target, merge_positions

A, B = Target(entity="e2"), Target(topic="port-fees")
SUPPORT, OPPOSE = StanceLabel.SUPPORT, StanceLabel.OPPOSE


def stances(*rows: tuple[str | None, Target, StanceLabel, float, tuple[int, int]]) -> list[Stance]:
    return [
        Stance(
            id=f"s{n}", holder=holder, target=target, stance=side, score=score, evidence=Extent(start=at[0], end=at[1])
        )
        for n, (holder, target, side, score, at) in enumerate(rows, 1)
    ]


def test_no_stances_give_no_positions() -> None:
    assert merge_positions(()) == ()


def test_positions_are_grouped_by_holder_and_target_in_text_order() -> None:
    positions = merge_positions(
        stances(
            ("e1", A, OPPOSE, 0.6, (0, 10)),
            (None, A, OPPOSE, 0.7, (20, 30)),
            ("e1", B, SUPPORT, 0.8, (40, 50)),
            ("e1", A, OPPOSE, 0.9, (60, 70)),
        )
    )
    assert [(p.holder, p.target, p.stance, p.score, p.stances) for p in positions] == [
        ("e1", A, Side.OPPOSE, 0.9, ("s1", "s4")),
        (None, A, Side.OPPOSE, 0.7, ("s2",)),
        ("e1", B, Side.SUPPORT, 0.8, ("s3",)),
    ]


def test_contradiction_is_mixed_with_the_score_of_the_less_certain_side() -> None:
    [position] = merge_positions(
        stances(("e1", A, SUPPORT, 0.95, (0, 5)), ("e1", A, OPPOSE, 0.6, (9, 12)), ("e1", A, OPPOSE, 0.5, (20, 25)))
    )
    assert (position.stance, position.score, position.stances) == (Side.MIXED, 0.6, ("s1", "s2", "s3"))


def test_entity_and_topic_with_the_same_name_are_different_targets() -> None:
    positions = merge_positions(
        stances(("e1", Target(entity="x"), SUPPORT, 0.5, (0, 1)), ("e1", Target(topic="x"), OPPOSE, 0.5, (0, 1)))
    )
    assert [position.stance for position in positions] == [Side.SUPPORT, Side.OPPOSE]


def test_overlapping_evidence_is_joined() -> None:
    [position] = merge_positions(
        stances(
            ("e1", A, OPPOSE, 0.6, (50, 60)),
            ("e1", A, OPPOSE, 0.6, (0, 10)),
            ("e1", A, OPPOSE, 0.6, (5, 20)),
            ("e1", A, OPPOSE, 0.6, (6, 8)),
        )
    )
    assert [(part.start, part.end) for part in position.evidence] == [(0, 20), (50, 60)]
