"""Entities of an operator's spaCy package: a real recogniser, trained here on three sentences and saved to disk."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import spacy
from spacy.pipeline import EntityRecognizer
from spacy.training import Example

from services.contracts import Article, EntityType
from services.settings import Pipeline as PipelineSettings
from workers.pipeline.pipeline import Pipeline

SENTENCES = ["We flew with the Zorblat to Oslo.", "The Zorblat was late.", "Nobody liked the Zorblat at all."]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random.seed(1)
    nlp = spacy.blank("en")
    recogniser = nlp.add_pipe("ner")
    assert isinstance(recogniser, EntityRecognizer)
    recogniser.add_label("PRODUCT")
    examples = []
    for sentence in SENTENCES:
        match = re.search("Zorblat", sentence)
        assert match
        examples.append(
            Example.from_dict(nlp.make_doc(sentence), {"entities": [(match.start(), match.end(), "PRODUCT")]})
        )
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    folder = tmp_path_factory.mktemp("package") / "en_trained_here"
    nlp.to_disk(folder)
    return folder


def test_entities_of_package_are_added_to_our_own(package: Path) -> None:
    article = Article(
        body="The Zorblat was late. “We are sorry,” said Foreign Minister Ana Ruiz in Oslo on Monday.", language="en"
    )
    with_package = Pipeline(PipelineSettings(spacy_package=str(package))).analyse(article)
    types = {entity.name: entity.type for entity in with_package.entities}
    assert types["Zorblat"] is EntityType.PRODUCT
    assert types["Ana Ruiz"] is EntityType.PERSON
    without_package = {entity.name: entity.type for entity in Pipeline(PipelineSettings()).analyse(article).entities}
    assert without_package.get("Zorblat") is not EntityType.PRODUCT
