"""Where the weights are that come with the package; nothing here imports the runtime."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def packaged_weights() -> Path:
    """Return the folder of the weights in this package."""
    return Path(str(files("workers.model") / "weights"))
