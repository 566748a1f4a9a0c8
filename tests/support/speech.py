"""Stores results as a worker would, built from short descriptions of statements and stances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.contracts import (
    Act,
    Attribution,
    Cue,
    Entity,
    EntityType,
    Extent,
    Kind,
    Mention,
    MentionForm,
    Pipeline,
    Result,
    Source,
    Stance,
    StanceLabel,
    Target,
    merge_positions,
)
from services.database.engine import Database
from services.jobs import leases
from services.jobs.leases import LeasedJob
from services.settings import Stories
from services.stories.linking import TextKeys
from tests.support.api import lease_job
from tests.support.ledger import article, push


@dataclass(frozen=True)
class Statement:
    """A sentence "<speaker> <cue> <content>", and the stance that it shows towards ``target``, if any.

    A target "#id" is a topic, any other an entity. With ``attributed=False`` the sentence is not an attribution.
    """

    speaker: str | None
    content: str
    cue: str = "said"
    act: Act = Act.ASSERT
    target: str | None = None
    stance: StanceLabel = StanceLabel.OPPOSE
    score: float = 0.9
    attributed: bool = True


class _Story:
    """An article that is written sentence by sentence, with its mentions, attributions and stances."""

    def __init__(self, other_names: dict[str, Sequence[str]]) -> None:
        self.text = ""
        self.mentions: dict[str, list[Mention]] = {}
        self.attributions: list[Attribution] = []
        self.stances: list[Stance] = []
        self._main_names = {other: name for name, others in other_names.items() for other in others}

    def write(self, words: str) -> Extent:
        start = len(self.text) + bool(self.text)
        self.text = f"{self.text} {words}" if self.text else words
        return Extent(start=start, end=start + len(words))

    def write_name(self, name: str) -> tuple[Extent, str]:
        """Write a name; return its extent and the ID of its entity."""
        extent = self.write(name)
        main_name = self._main_names.get(name, name)
        mention = Mention(start=extent.start, end=extent.end, form=MentionForm.NAME)
        self.mentions.setdefault(main_name, []).append(mention)
        return extent, f"e{list(self.mentions).index(main_name) + 1}"

    def write_statement(self, number: int, statement: Statement) -> None:
        source = cue = None
        if statement.speaker:
            extent, entity = self.write_name(statement.speaker)
            source = Source(start=extent.start, end=extent.end, entity=entity)
            extent = self.write(statement.cue)
            cue = Cue(start=extent.start, end=extent.end, lemma=statement.cue, act=statement.act)
        content = self.write(statement.content)
        if statement.attributed:
            self.attributions.append(
                Attribution(
                    id=f"a{number}",
                    kind=Kind.INDIRECT,
                    score=statement.score,
                    source=source,
                    cue=cue,
                    content=(content,),
                )
            )
        if statement.target:
            topic = statement.target[1:] if statement.target.startswith("#") else None
            self.stances.append(
                Stance(
                    id=f"s{number}",
                    holder=source.entity if source else None,
                    target=Target(topic=topic) if topic else Target(entity=self.write_name(statement.target)[1]),
                    stance=statement.stance,
                    score=statement.score,
                    evidence=Extent(start=source.start if source else content.start, end=content.end),
                    attribution=f"a{number}" if statement.attributed else None,
                )
            )

    def entities(self, organizations: Sequence[str]) -> tuple[Entity, ...]:
        return tuple(
            Entity(
                id=f"e{number}",
                name=max((self.text[mention.start : mention.end] for mention in mentions), key=len),
                type=EntityType.ORGANIZATION if name in organizations else EntityType.PERSON,
                score=1.0,
                mentions=tuple(mentions),
            )
            for number, (name, mentions) in enumerate(self.mentions.items(), 1)
        )


def build_result(
    job: LeasedJob,
    statements: Sequence[Statement],
    other_names: dict[str, Sequence[str]] | None = None,
    organizations: Sequence[str] = (),
) -> Result:
    """Return the result of ``job`` for an article of these statements.

    ``other_names`` are further names of an entity, which the text mentions at its end. Names in ``organizations`` are
    organisations, all others persons.
    """
    story = _Story(other_names or {})
    for number, statement in enumerate(statements, 1):
        story.write_statement(number, statement)
    for names in (other_names or {}).values():
        for name in names:
            story.write_name(name)
    return Result(
        job_id=job.job_id,
        article_id=job.article_id,
        language="en",
        pipeline=Pipeline(version="test", model="test", analysed_at=datetime(2026, 11, 24, tzinfo=UTC)),
        text=story.text,
        entities=story.entities(organizations),
        attributions=tuple(story.attributions),
        stances=tuple(story.stances),
        positions=merge_positions(story.stances),
    )


def store_result(
    database: Database,
    *statements: Statement,
    other_names: dict[str, Sequence[str]] | None = None,
    organizations: Sequence[str] = (),
    keys: TextKeys | None = None,
    stories: Stories = Stories(),  # noqa: B008 -- immutable
    **fields: Any,
) -> LeasedJob:
    """Push an article with ``fields`` and store its result, as given by ``build_result``.

    With ``keys`` it is linked with its copies.
    """
    body = fields.pop("body", "; ".join(f"{each.speaker}: {each.content}" for each in statements) or "Nothing.")
    [accepted] = push(database, article(body, **fields))
    job = lease_job(database, accepted.job_id)
    result = build_result(job, statements, other_names, organizations)
    leases.complete(database, job, result, keys=keys, stories=stories)
    return job
