"""The base of all groups of settings, and the types of their fields.

The page docs/reference/settings.md is made from the descriptions of the fields.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0)]
Days = Annotated[float, Field(ge=0, le=36_500)]
Count = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65535)]
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Group(BaseModel):
    """Base of the groups. Immutable; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
