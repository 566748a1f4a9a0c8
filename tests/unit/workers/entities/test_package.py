"""With a spaCy package of an operator's own: a real recogniser, trained here on three sentences and saved to disk."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

from services.contracts import Article, EntityType
from services.settings import Pipeline as PipelineSettings
from workers.pipeline.pipeline import Pipeline

SENTENCES = ["We flew with the Zorblat to Oslo.", "The Zorblat was late.", "Nobody liked the Zorblat at all."]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random.seed(1)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("PRODUCT")
    examples = []
    for sentence in SENTENCES:
        found = re.search("Zorblat", sentence)
        assert found
        examples.append(
            Example.from_dict(nlp.make_doc(sentence), {"entities": [(found.start(), found.end(), "PRODUCT")]})
        )
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    folder = tmp_path_factory.mktemp("package") / "en_trained_here"
    nlp.to_disk(folder)
    return folder


def test_its_entities_are_used_beside_our_own(package: Path) -> None:
    article = Article(
        body="The Zorblat was late. “We are sorry,” said Foreign Minister Ana Ruiz in Oslo on Monday.", language="en"
    )
    with_package = Pipeline(PipelineSettings(spacy_package=str(package))).analyse(article)
    types = {entity.name: entity.type for entity in with_package.entities}
    assert types["Zorblat"] is EntityType.PRODUCT
    assert types["Ana Ruiz"] is EntityType.PERSON
    ours = {entity.name: entity.type for entity in Pipeline(PipelineSettings()).analyse(article).entities}
    assert ours.get("Zorblat") is not EntityType.PRODUCT
