"""The check of the model in ``stancewire doctor``: its files exist, load, and analyse a sentence."""

from __future__ import annotations

import time
from typing import Final

from services.contracts import Article
from services.errors import StancewireError
from services.maintenance.diagnostics.findings import Finding, Level
from services.settings import Settings

_SENTENCE: Final = "Mayor Ida Berg said on Monday that the tram plan of Port Union was reckless."


def check_model(settings: Settings) -> Finding:
    """Load the pipeline as a worker would, and analyse one sentence."""
    began = time.monotonic()
    try:
        from workers.pipeline.pipeline import Pipeline

        analysis = Pipeline(settings.pipeline).analyse(Article(body=_SENTENCE))
    except (OSError, ImportError, ValueError, RuntimeError, StancewireError) as error:
        fix = (
            "reinstall stancewire[worker]: the package contains the weights; "
            "STANCEWIRE_PIPELINE__MODEL=rules works without them"
        )
        return Finding("model", Level.FAIL, f"{type(error).__name__}: {error}", fix)
    if not analysis.attributions:
        return Finding(
            "model", Level.FAIL, "it loads, but finds nothing in a plain sentence", "reinstall stancewire[worker]"
        )
    seconds = time.monotonic() - began
    return Finding("model", Level.OK, f"{analysis.pipeline.model} loads and reads a sentence within {seconds:.1f} s")
