"""What the forms of the console have in common."""

from __future__ import annotations


def blank_is_none(value: object) -> object:
    """A field that was left empty in a form is none."""
    return None if isinstance(value, str) and not value.strip() else value
