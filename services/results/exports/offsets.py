"""Offsets in UTF-16 code units, as JavaScript, Java and C# count them, instead of code points."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

_LAST_IN_ONE_UNIT: Final = "\uffff"
_OFFSETS: Final = frozenset({"start", "end"})


def with_utf16_offsets(document: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a result with every ``start`` and ``end`` in UTF-16 code units of its ``text``.

    The metadata, which is the sender's, stays as it is.
    """
    text = document["text"]
    units = [0, *accumulate(1 + (character > _LAST_IN_ONE_UNIT) for character in text)]
    if units[-1] == len(text):
        return document
    return {name: value if name == "metadata" else _converted(value, units) for name, value in document.items()}


def _converted(value: Any, units: list[int]) -> Any:
    if isinstance(value, list):
        return [_converted(item, units) for item in value]
    if isinstance(value, dict):
        return {
            name: units[item] if name in _OFFSETS and isinstance(item, int) else _converted(item, units)
            for name, item in value.items()
        }
    return value
