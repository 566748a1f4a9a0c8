"""Followers of the results, and feeds, beside killed processes: the short forms of two programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults import feeds, followers
from tests.faults.conftest import Deploy
from tests.faults.deployment import PARTS, SHORT

ShowFigures = Callable[[str, list[tuple[str, str]]], None]


def test_every_follower_learns_of_everything_once_beside_killed_processes(
    deploy: Deploy, show_figures: ShowFigures
) -> None:
    settings: dict[str, Any] = followers.SETTINGS
    deployment = deploy("sqlite", SHORT, parts=followers.PART_NAMES, **settings)
    outcome = followers.run(deployment, seconds=8, per_s=3, kill_every_s=0.5)
    show_figures("followers (short)", outcome.lines())
    assert outcome.violations == []
    assert outcome.results > 5
    assert outcome.withdrawn >= 2
    assert all(outcome.kills.values())


def test_every_feed_arrives_once_beside_killed_processes_and_broken_connections(
    deploy: Deploy, show_figures: ShowFigures
) -> None:
    settings: dict[str, Any] = feeds.SETTINGS
    outcome = feeds.run(deploy("sqlite", SHORT, parts=PARTS, **settings), seconds=6, per_s=2, kill_every_s=0.5)
    show_figures("feeds (short)", outcome.lines())
    assert outcome.violations == []
    assert all(row.stories > 5 for row in outcome.rows)
    assert all(outcome.kills.values())
    assert outcome.broken["cut off"] + outcome.broken["unanswered"] > 0
