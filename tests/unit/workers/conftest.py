"""A pipeline of the rules that all component tests share."""

from __future__ import annotations

import pytest
from spacy.language import Language

from workers.pipeline.components import COMPONENTS, build_nlp


@pytest.fixture(scope="session")
def nlp() -> Language:
    return build_nlp(COMPONENTS["rules"])
