"""Bounds what a sender says about its article: section, tags, subjects and any other field of its own."""

from __future__ import annotations

import json
from typing import Any, Final

from services.contracts import Article, Warned
from services.settings import Limits

_NAMED: Final = 10  # fields that a warning names
_NAME_CHARS: Final = 60


def bound_metadata(article: Article, limits: Limits) -> tuple[Article, tuple[Warned, ...]]:
    """Return the article with as many fields of its metadata as ``limits.metadata_bytes`` allows, and a warning.

    Fields are kept in the sender's order, each as a whole; one that does not fit is left out.
    """
    metadata = article.metadata
    if metadata is None:
        return article, ()
    sizes = {name: _size(name, value) for name, value in metadata.items()}
    if sum(sizes.values()) <= limits.metadata_bytes:
        return article, ()
    kept: dict[str, Any] = {}
    left_bytes = limits.metadata_bytes
    for name, value in metadata.items():
        if sizes[name] <= left_bytes:
            kept[name] = value
            left_bytes -= sizes[name]
    left_out = [name for name in metadata if name not in kept]
    names = ", ".join(name[:_NAME_CHARS] for name in left_out[:_NAMED])
    more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    detail = f"metadata: has more than {limits.metadata_bytes} bytes; left out: {names}{more}"
    return article.model_copy(update={"metadata": kept or None}), (Warned(code="metadata_cut", detail=detail),)


def _size(name: str, value: Any) -> int:
    """Return the size of a field in bytes, as compact JSON in UTF-8."""
    return len(json.dumps({name: value}, ensure_ascii=False, separators=(",", ":")).encode())
