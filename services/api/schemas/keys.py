"""API keys: requests for new ones, and keys as the API shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.access.keys import Key
from services.caller import Scope
from services.contracts import FeedName, Text
from services.contracts.base import not_blank, one_line, require_number

_TEN_YEARS_S = 10 * 366 * 86_400


class NewKey(BaseModel):
    """A key to create. ``feeds`` are those that it may push to and see, or ``*``; an admin key has ``*``."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        Text,
        StringConstraints(strip_whitespace=True, max_length=100),
        AfterValidator(not_blank),
        AfterValidator(one_line),
    ]
    scopes: Annotated[set[Scope], Field(min_length=1)]
    feeds: Annotated[set[FeedName], Field(min_length=1, max_length=1000)] | Literal["*"]
    expires_s: (
        Annotated[
            int,
            Field(gt=0, le=_TEN_YEARS_S, description="seconds from now; null does not expire"),
            BeforeValidator(require_number),
        ]
        | None
    ) = None


class KeyView(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    feeds: list[str] | Literal["*"]
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class CreatedKey(KeyView):
    """A new key: the only response that has ``key``, its secret."""

    key: str


class KeyList(BaseModel):
    """All keys, newest first."""

    items: list[KeyView]


def key_view(key: Key) -> KeyView:
    """Return a key as the API shows it."""
    return KeyView(
        id=key.id,
        name=key.name,
        scopes=sorted(key.scopes),
        feeds="*" if key.feeds is None else sorted(key.feeds),
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )
