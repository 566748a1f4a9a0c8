"""The paths that articles are pushed to; several middlewares treat these requests differently."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

PUSH_PATH: Final = "/v1/articles"
BATCH_PATH: Final = "/v1/articles:batch"
SIGNED_PUSHES: Final = "/v1/push"  # pushes below this path have a signature instead of a key
_PUSH_PATHS: Final = frozenset({PUSH_PATH, BATCH_PATH})


def is_push(scope: Scope) -> bool:
    """Return whether an ASGI scope is a request that pushes articles."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    return scope["path"] in _PUSH_PATHS or is_signed_push(scope)


def is_signed_push(scope: Scope) -> bool:
    """Return whether a request is one of a sender that has no key; the route checks its signature."""
    return scope["type"] == "http" and str(scope["path"]).startswith(f"{SIGNED_PUSHES}/")
