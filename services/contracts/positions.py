"""Summarise an article's stances into positions: one for each holder and target, with contradictions kept visible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.contracts.result import Extent, Position, Side, Stance, StanceLabel


def merge_positions(stances: Sequence[Stance]) -> tuple[Position, ...]:
    """Return one position for each pair of holder and target, in the order of their first stance in ``stances``.

    ``stances`` are in the order of the text. ``score`` is the highest score of the side's stances, a lower bound of the
    probability that at least one of them is right. If both sides occur, the position is ``mixed`` and has the score of
    the less certain side, an upper bound of the probability that both are right.
    """
    grouped: dict[tuple[str | None, str | None, str | None], list[Stance]] = {}
    for stance in stances:
        grouped.setdefault((stance.holder, stance.target.entity, stance.target.topic), []).append(stance)
    return tuple(_position(group) for group in grouped.values())


def _position(group: Sequence[Stance]) -> Position:
    best_scores: dict[StanceLabel, float] = {}
    for stance in group:
        best_scores[stance.stance] = max(stance.score, best_scores.get(stance.stance, 0.0))
    [side, *other] = best_scores
    return Position(
        holder=group[0].holder,
        target=group[0].target,
        stance=Side.MIXED if other else Side(side),
        score=min(best_scores.values()),
        stances=tuple(stance.id for stance in group),
        evidence=tuple(_join_overlapping(stance.evidence for stance in group)),
    )


def _join_overlapping(extents: Iterable[Extent]) -> list[Extent]:
    """Return the extents in the order of the text, with overlapping and adjacent ones joined."""
    joined: list[Extent] = []
    for extent in sorted(extents, key=lambda extent: (extent.start, extent.end)):
        if joined and extent.start <= joined[-1].end:
            joined[-1] = Extent(start=joined[-1].start, end=max(joined[-1].end, extent.end))
        else:
            joined.append(extent)
    return joined
