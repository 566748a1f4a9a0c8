"""The project's sample articles: fictional people and places, in layouts that real feeds send."""

from __future__ import annotations

from importlib.resources import files

from services.contracts import Article


def load() -> tuple[Article, ...]:
    """Return all samples, in the order of their file names."""
    names = sorted(entry.name for entry in files(__name__).iterdir() if entry.name.endswith(".json"))
    return tuple(Article.model_validate_json(files(__name__).joinpath(name).read_bytes()) for name in names)
