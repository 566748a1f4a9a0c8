"""The paths that articles are pushed to; several middlewares treat these requests differently."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

PUSH_PATH: Final = "/v1/articles"
BATCH_PATH: Final = "/v1/articles:batch"
_PUSH_PATHS: Final = frozenset({PUSH_PATH, BATCH_PATH})


def is_push(scope: Scope) -> bool:
    """Return whether an ASGI scope is a request that pushes articles."""
    return scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in _PUSH_PATHS
