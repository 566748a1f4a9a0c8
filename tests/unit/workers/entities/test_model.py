from __future__ import annotations

import pytest

from services.contracts import EntityType
from services.settings import Pipeline as Settings
from workers.pipeline.pipeline import Pipeline

PIPELINE = Pipeline(Settings())


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Corvo Energy was accused of poisoning the river by Mirela Tanase.", "Corvo Energy", EntityType.ORGANIZATION),
        ("Kiev and its Western backers dismissed the offer.", "Kiev", EntityType.LOCATION),
        (
            "Ida Lund praised Halden Rail for the new line, while Kofi Brandt called the company a disgrace.",
            "Kofi Brandt",
            EntityType.PERSON,
        ),
        ("Senator Ruth Kessler spoke in Geneva.", "Ruth Kessler", EntityType.PERSON),
    ],
)
def test_model_entity_has_type_shown_by_its_words(text: str, name: str, kind: EntityType) -> None:
    assert (name, kind) in {(entity.name, entity.type) for entity in PIPELINE.analyse_text(text).entities}
