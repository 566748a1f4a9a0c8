from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.contracts.versions import Version, compare_versions

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (Version("2", None), Version("10", None)),
        (Version("1.9", LATER), Version("1.10", NOON)),
        (Version("20261123T201502Z", None), Version("2026-11-24", None)),
        (Version("a", NOON), Version("b", LATER)),
        (Version(None, NOON), Version("1", LATER)),
        (Version("1", NOON), Version("1", LATER)),
    ],
)
def test_newer_version_is_recognised_by_number_time_or_creation(older: Version, newer: Version) -> None:
    assert compare_versions(newer, older) == 1
    assert compare_versions(older, newer) == -1


def test_same_and_incomparable_versions_have_no_order() -> None:
    assert compare_versions(Version("b", None), Version("b", NOON)) == 0
    assert compare_versions(Version("a", None), Version("b", None)) is None
    assert compare_versions(Version(None, None), Version(None, None)) is None
    assert compare_versions(Version(None, NOON), Version(None, None)) is None
