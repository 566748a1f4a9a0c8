from __future__ import annotations

from typing import Any

from services.contracts import Entity, EntityType, Extent, Mention, MentionForm, Result, Stance, StanceLabel, Target
from services.results.entity_index import rows_of


def entity(number: int, name: str, kind: EntityType, form: MentionForm) -> Entity:
    mention = Mention(start=0, end=len(name), form=form)
    return Entity(id=f"e{number}", name=name, type=kind, score=1.0, roles=(), mentions=(mention,))


def test_issues_are_not_listed() -> None:
    entities = (
        entity(1, "Ana Reyes", EntityType.PERSON, MentionForm.NAME),
        entity(2, "the deal", EntityType.ISSUE, MentionForm.NOMINAL),
        entity(3, "Clean Air Act", EntityType.MISC, MentionForm.NAME),
    )
    stances = tuple(
        Stance(
            id=f"s{number}",
            holder="e1",
            target=Target(entity=f"e{number}"),
            stance=StanceLabel.OPPOSE,
            score=0.8,
            evidence=Extent(start=0, end=9),
            attribution=None,
        )
        for number in (2, 3)
    )
    fields: dict[str, Any] = {"entities": entities, "attributions": (), "stances": stances}
    rows = rows_of(Result.model_construct(**fields))
    assert [(row["name"], row["held"], row["targeted"]) for row in rows] == [
        ("Ana Reyes", 2, 0),
        ("Clean Air Act", 0, 1),
    ]
