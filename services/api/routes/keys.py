"""``/v1/keys``: create, list and revoke API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.access.keys import list_keys as stored_keys
from services.api.dependencies import Admin, Services
from services.api.problems import problem_responses
from services.api.schemas.keys import CreatedKey, KeyList, KeyView, NewKey, key_view
from services.use_cases import keys

router = APIRouter(prefix="/v1", tags=["administration"])

KeyId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", max_length=12)]


@router.post("/keys", status_code=201, responses=problem_responses(400, 415, 422, 503))
def make_key(new: NewKey, services: Services, caller: Admin, response: Response) -> CreatedKey:
    """Create a key. Only this response contains its secret."""
    key, token = keys.create(
        services.use_case_context,
        name=new.name,
        scopes=new.scopes,
        feeds=None if new.feeds == "*" else new.feeds,
        caller=caller,
        expires_s=new.expires_s,
    )
    response.headers["Cache-Control"] = "no-store"
    return CreatedKey(**key_view(key).model_dump(), key=token)


@router.get("/keys", responses=problem_responses(503))
def list_keys(services: Services, _caller: Admin) -> KeyList:
    """List all keys, including revoked and expired ones."""
    return KeyList(items=[key_view(key) for key in stored_keys(services.database)])


@router.delete("/keys/{key_id}", responses=problem_responses(404, 409, 422, 503))
def revoke_key(key_id: KeyId, services: Services, caller: Admin) -> KeyView:
    """Revoke a key: at once in this process, within ``access.cache_s`` seconds in every other."""
    return key_view(keys.revoke(services.use_case_context, key_id, caller))
