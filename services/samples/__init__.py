"""The project's own sample articles: invented people and places, the layouts that feeds really send."""

from __future__ import annotations

from importlib.resources import files

from services.contracts import Article


def load() -> tuple[Article, ...]:
    """Return every sample, ordered by file name."""
    names = sorted(entry.name for entry in files(__name__).iterdir() if entry.name.endswith(".json"))
    return tuple(Article.model_validate_json(files(__name__).joinpath(name).read_bytes()) for name in names)
