"""Validation shared by the forms of the console."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Form
from pydantic import BeforeValidator, ValidationError

from services.api.problems import FieldError, field_errors
from services.errors import Conflict, InvalidInput


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


BLANK_TO_NONE: Final = BeforeValidator(_blank_to_none)  # a field that was left empty is None

TextField = Annotated[str, Form()]


def first_error(error: ValidationError | InvalidInput | Conflict, *, conflict_field: str = "name") -> FieldError:
    """Return the first error of a form. A conflict is shown at ``conflict_field``."""
    if isinstance(error, Conflict):
        return FieldError(field=conflict_field, reason=error.detail)
    if isinstance(error, InvalidInput):
        return FieldError(field=error.field, reason=error.reason)
    return field_errors(error.errors())[0]
