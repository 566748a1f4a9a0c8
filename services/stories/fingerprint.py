"""Fingerprints of texts: how alike two texts are, and where to look for texts that are alike.

A fingerprint is a MinHash signature (Broder 1997): the share of minima that two fingerprints have in common estimates
the Jaccard similarity of the texts' sets of shingles. Its bands (locality-sensitive hashing, Indyk and Motwani 1998)
are numbers of which two similar texts have at least one in common, and two others almost never.
"""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass
from typing import Final

MINIMA: Final = 128
# Texts of similarity s have a band in common with a probability of 1 - (1 - s³)²⁴: .79 at .4, .96 at .5, .997 at .6.
BANDS: Final = 24
_ROWS: Final = 3
_BAND_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The ``MINIMA`` minima of a text, each below 2³². Only those of the same ``method`` can be compared."""

    method: str
    minima: tuple[int, ...]

    def similarity(self, other: Fingerprint) -> float:
        """Return the estimated Jaccard similarity of the two texts, 0 to 1; its standard error is at most .045."""
        same = sum(mine == theirs for mine, theirs in zip(self.minima, other.minima, strict=True))
        return same / len(self.minima)

    def bands(self) -> list[int]:
        """Return the bands as signed 64-bit integers. Bands of other methods differ."""
        return [
            int.from_bytes(
                hashlib.blake2b(
                    _bytes(self.minima[band * _ROWS : (band + 1) * _ROWS]),
                    digest_size=_BAND_BYTES,
                    salt=band.to_bytes(2),
                    person=self.method.encode()[:16],
                ).digest(),
                signed=True,
            )
            for band in range(BANDS)
        ]

    def to_bytes(self) -> bytes:
        """Return the minima as stored: 4 bytes for each, the most significant first."""
        return _bytes(self.minima)

    @classmethod
    def from_bytes(cls, method: str, stored: bytes) -> Fingerprint:
        """Read what `to_bytes` returned."""
        minima = array("I", stored)
        minima.byteswap()
        return cls(method, tuple(minima))


def _bytes(minima: tuple[int, ...]) -> bytes:
    return b"".join(minimum.to_bytes(4) for minimum in minima)
