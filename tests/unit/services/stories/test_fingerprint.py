from __future__ import annotations

from services.stories.fingerprint import BANDS, MINIMA, Fingerprint

PRINT = Fingerprint("test", tuple(range(1 << 31, (1 << 31) + MINIMA)))


def test_fingerprint_is_read_back_as_it_was_stored() -> None:
    assert Fingerprint.from_bytes("test", PRINT.to_bytes()) == PRINT
    assert len(PRINT.to_bytes()) == 4 * MINIMA


def test_similarity_is_the_share_of_equal_minima() -> None:
    half = Fingerprint("test", PRINT.minima[: MINIMA // 2] + (0,) * (MINIMA // 2))
    assert PRINT.similarity(PRINT) == 1
    assert PRINT.similarity(half) == 0.5


def test_bands_stay_the_same_and_differ_by_number_and_method() -> None:
    bands = PRINT.bands()
    assert len(set(bands)) == BANDS
    assert bands[0] == 5147403901572640936, "bands are stored: they must not change"
    assert not set(bands) & set(Fingerprint("other", PRINT.minima).bands())
    assert not set(bands) & set(Fingerprint("test", (0,) * MINIMA).bands())
    assert all(-(1 << 63) <= band < 1 << 63 for band in bands)
