from __future__ import annotations

import pytest

from services.ingest.formats.dates import parse_date, read_date

EVENING = "2026-11-23T20:15:02+00:00"
MIDNIGHT = "2026-11-23T00:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T20:15:02Z", EVENING),
        ("2026-11-23T21:15:02+01:00", EVENING),
        ("2026-11-23T21:15:02+0100", EVENING),
        ("2026-11-23T21:15:02+01", EVENING),
        ("2026-11-23T20:15:02.5Z", "2026-11-23T20:15:02.500000+00:00"),
        ("2026-11-23T20:15:02,123456789Z", "2026-11-23T20:15:02.123456+00:00"),
        ("2026-11-23T20:15:02", EVENING),
        ("2026-11-23 20:15:02", EVENING),
        ("2026-11-23 20:15:02 UTC", EVENING),
        ("2026-11-23T15:15:02 EST", EVENING),
        ("2026-11-23T20:15Z", "2026-11-23T20:15:00+00:00"),
        ("20261123T201502Z", EVENING),
        ("20261123T211502+0100", EVENING),
        ("20261123T201502", EVENING),
        ("20261123201502", EVENING),
        ("2026/11/23 20:15:02", EVENING),
        ("2026.11.23 20:15:02", EVENING),
        ("2026-11-22T24:00:00Z", MIDNIGHT),
        ("2026-11-22T23:59:60Z", MIDNIGHT),
        ("2026-11-23", MIDNIGHT),
        ("2026-11-23Z", MIDNIGHT),
        ("20261123", MIDNIGHT),
        ("2026-11", "2026-11-01T00:00:00+00:00"),
        ("2026", "2026-01-01T00:00:00+00:00"),
        ("Mon, 23 Nov 2026 20:15:02 GMT", EVENING),
        ("Mon, 23 Nov 2026 20:15:02 +0000", EVENING),
        ("Mon, 23 Nov 2026 21:15:02 +01:00", EVENING),
        ("Mon, 23 Nov 2026 22:15:02 GMT+0200", EVENING),
        ("Mon, 23 Nov 2026 15:15:02 EST", EVENING),
        ("Mon, 23 Nov 2026 21:15:02 CET", EVENING),
        ("Tue, 24 Nov 2026 01:45:02 IST", EVENING),
        ("23 Nov 26 20:15:02 Z", EVENING),
        ("Monday, 23 November 2026 20:15:02", EVENING),
        ("Mon Nov 23 20:15:02 2026", EVENING),
        ("Nov 23, 2026, 8:15:02 p.m.", EVENING),
        ("  23 Nov\n2026 ", MIDNIGHT),
        ("November 23, 2026", MIDNIGHT),
    ],
)
def test_date_is_read_in_every_form_of_feeds(text: str, expected: str) -> None:
    moment = parse_date(text)
    assert moment is not None
    assert moment.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "now",
        "2026-13-01T00:00:00Z",
        "2026-02-30",
        "2026-11-23T25:00:00Z",
        "2026-11-23T20:61:00Z",
        "2026-335",
        "202611",
        "1795464902",
        "1795464902000",
        "1795464902.5",
        "1e9",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "0000-01-01",
        "23.11.2026",
        "2026-11-23T20:15:02+99:99",
        "9" * 5000,
        "Mon, " * 1000,
    ],
)
def test_text_that_names_no_moment_is_not_guessed(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize("value", ["yesterday", 1795464902, 1795464902.5])
def test_date_that_cannot_be_read_is_a_warning_that_names_the_field(value: object) -> None:
    moment, [warning] = read_date(value, "pubDate")
    assert moment is None
    assert warning.code == "date_unreadable"
    assert warning.detail.startswith(f"pubDate: {str(value)!r} cannot be read")


def test_long_text_is_cut_in_the_warning() -> None:
    _, [warning] = read_date("x" * 100_000)
    assert len(warning.detail) < 200


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_blank_date_is_not_a_warning(value: object) -> None:
    assert read_date(value) == (None, ())
