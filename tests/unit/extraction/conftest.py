"""One language pipeline for all tests of its stages."""

from __future__ import annotations

import pytest
from spacy.language import Language

from workers.pipeline import STAGES, language


@pytest.fixture(scope="session")
def nlp() -> Language:
    return language(STAGES["rules"])
