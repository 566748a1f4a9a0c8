"""The article's stances drawn together: one line for each holder and target, a contradiction shown and not averaged away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.contracts.result import Extent, Position, Side, Stance, StanceLabel


def merge_positions(stances: Sequence[Stance]) -> tuple[Position, ...]:
    """One position for each (holder, target), in the order of their first stance; ``stances`` keep the order of the text.

    ``score`` is that of the surest stance of the side: the probability that at least one of them is right is no smaller. Where
    both sides are found the position is ``mixed``, and its score is that of the side that is less sure: that both are right is
    no likelier.
    """
    grouped: dict[tuple[str | None, str | None, str | None], list[Stance]] = {}
    for stance in stances:
        grouped.setdefault((stance.holder, stance.target.entity, stance.target.topic), []).append(stance)
    return tuple(_position(group) for group in grouped.values())


def _position(group: Sequence[Stance]) -> Position:
    surest: dict[StanceLabel, float] = {}
    for stance in group:
        surest[stance.stance] = max(stance.score, surest.get(stance.stance, 0.0))
    [side, *other] = surest
    return Position(
        holder=group[0].holder,
        target=group[0].target,
        stance=Side.MIXED if other else Side(side),
        score=min(surest.values()),
        stances=tuple(stance.id for stance in group),
        evidence=tuple(_joined(stance.evidence for stance in group)),
    )


def _joined(extents: Iterable[Extent]) -> list[Extent]:
    """In the order of the text, what overlaps or touches as one."""
    joined: list[Extent] = []
    for extent in sorted(extents, key=lambda extent: (extent.start, extent.end)):
        if joined and extent.start <= joined[-1].end:
            joined[-1] = Extent(start=joined[-1].start, end=max(joined[-1].end, extent.end))
        else:
            joined.append(extent)
    return joined
