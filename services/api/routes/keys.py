"""``/v1/keys``: administrators make, list and end keys."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from services.access import keys
from services.access.keys import Key
from services.api.dependencies import Services
from services.api.middleware.authentication import Admin
from services.api.problems import FieldError, ProblemError, responses
from services.caller import Scope
from services.contracts import FeedName, Text
from services.contracts.base import not_blank, number, one_line

router = APIRouter(prefix="/v1", tags=["administration"])

KeyId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", max_length=12)]
_YEARS_S = 10 * 366 * 86_400


class NewKey(BaseModel):
    """A key to be made. ``feeds``: those it may push to and see, or ``*``; an admin key has ``*``."""

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
            int, Field(gt=0, le=_YEARS_S, description="seconds from now; none: it lasts"), BeforeValidator(number)
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


class MadeKey(KeyView):
    """A key just made: the only time that ``key`` is shown."""

    key: str


class KeyList(BaseModel):
    """All keys, newest first."""

    items: list[KeyView]


@router.post("/keys", status_code=201, responses=responses(400, 415, 422, 503))
def make_key(wanted: NewKey, services: Services, caller: Admin, response: Response) -> MadeKey:
    """Make a key. Its secret is in this answer and nowhere else."""
    feeds = None if wanted.feeds == "*" else wanted.feeds
    try:
        key, token = keys.create(
            services.database,
            name=wanted.name,
            scopes=wanted.scopes,
            feeds=feeds,
            by=caller,
            expires_s=wanted.expires_s,
        )
    except ValueError as error:
        field, _, reason = str(error).partition(": ")
        raise ProblemError(422, "invalid", str(error), errors=[FieldError(field=field, reason=reason)]) from error
    response.headers["Cache-Control"] = "no-store"
    return MadeKey(**view(key).model_dump(), key=token)


@router.get("/keys", responses=responses(503))
def list_keys(services: Services, _caller: Admin) -> KeyList:
    """All keys, revoked and expired ones too."""
    return KeyList(items=[view(key) for key in keys.list_keys(services.database)])


@router.delete("/keys/{key_id}", responses=responses(404, 409, 422, 503))
async def revoke_key(key_id: KeyId, services: Services, caller: Admin) -> KeyView:
    """End a key: at once in this process, within ``access.cache_s`` seconds in every other."""
    key = await run_in_threadpool(keys.revoke, services.database, key_id, caller)
    services.keyring.forget(key_id)
    return view(key)


def view(key: Key) -> KeyView:
    """A key as the API shows it."""
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
