"""The doctor's look at the model: whether its files are there, load, and read a sentence."""

from __future__ import annotations

import time
from typing import Final

from services.contracts import Article
from services.errors import StancewireError
from services.maintenance.diagnostics.findings import Finding, Level
from services.settings import Settings

_SENTENCE: Final = "Mayor Ida Berg said on Monday that the tram plan of Port Union was reckless."


def check_model(settings: Settings) -> Finding:
    """Load what a worker would load and let it read one sentence."""
    began = time.monotonic()
    try:
        from workers.pipeline.pipeline import Pipeline

        found = Pipeline(settings.pipeline).analyse(Article(body=_SENTENCE))
    except (OSError, ImportError, ValueError, RuntimeError, StancewireError) as error:
        fix = "install stancewire[worker] anew: the weights are in the package; STANCEWIRE_PIPELINE__MODEL=rules needs none"
        return Finding("model", Level.FAIL, f"{type(error).__name__}: {error}", fix)
    if not found.attributions:
        return Finding(
            "model", Level.FAIL, "it loads, and finds nothing in a plain sentence", "install stancewire[worker] anew"
        )
    return Finding(
        "model", Level.OK, f"{found.pipeline.model} loads and reads a sentence within {time.monotonic() - began:.1f} s"
    )
