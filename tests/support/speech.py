"""Results as a worker would store them, told in a few words: who says what, who is for or against whom."""

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
from tests.support.api import lease_job
from tests.support.ledger import article, push


@dataclass(frozen=True)
class Statement:
    """A sentence of the article "<speaker> <cue> <content>", and the stance that it shows; a topic is ``#id``."""

    speaker: str | None
    content: str
    cue: str = "said"
    act: Act = Act.ASSERT
    target: str | None = None
    stance: StanceLabel = StanceLabel.OPPOSE
    score: float = 0.9
    attributed: bool = True


class _Story:
    """An article as it is written, sentence by sentence, with what is found in it."""

    def __init__(self, also: dict[str, Sequence[str]]) -> None:
        self.text = ""
        self.names: dict[str, list[Mention]] = {}
        self.attributions: list[Attribution] = []
        self.stances: list[Stance] = []
        self._owner = {other: name for name, others in also.items() for other in others}

    def write(self, words: str) -> Extent:
        start = len(self.text) + bool(self.text)
        self.text = f"{self.text} {words}" if self.text else words
        return Extent(start=start, end=start + len(words))

    def name(self, name: str) -> tuple[Extent, str]:
        """Write a name; its extent and its entity."""
        at = self.write(name)
        whole = self._owner.get(name, name)
        self.names.setdefault(whole, []).append(Mention(start=at.start, end=at.end, form=MentionForm.NAME))
        return at, f"e{list(self.names).index(whole) + 1}"

    def say(self, number: int, one: Statement) -> None:
        source = cue = None
        if one.speaker:
            at, entity = self.name(one.speaker)
            source = Source(start=at.start, end=at.end, entity=entity)
            at = self.write(one.cue)
            cue = Cue(start=at.start, end=at.end, lemma=one.cue, act=one.act)
        content = self.write(one.content)
        if one.attributed:
            found = {"id": f"a{number}", "kind": Kind.INDIRECT, "score": one.score}
            self.attributions.append(Attribution(**found, source=source, cue=cue, content=(content,)))
        if one.target:
            topic = one.target[1:] if one.target.startswith("#") else None
            self.stances.append(
                Stance(
                    id=f"s{number}",
                    holder=source.entity if source else None,
                    target=Target(topic=topic) if topic else Target(entity=self.name(one.target)[1]),
                    stance=one.stance,
                    score=one.score,
                    evidence=Extent(start=source.start if source else content.start, end=content.end),
                    attribution=f"a{number}" if one.attributed else None,
                )
            )

    def entities(self, organizations: Sequence[str]) -> tuple[Entity, ...]:
        return tuple(
            Entity(
                id=f"e{number}",
                name=max((self.text[m.start : m.end] for m in mentions), key=len),
                type=EntityType.ORGANIZATION if name in organizations else EntityType.PERSON,
                score=1.0,
                mentions=tuple(mentions),
            )
            for number, (name, mentions) in enumerate(self.names.items(), 1)
        )


def build_result(
    claimed: LeasedJob,
    said: Sequence[Statement],
    also: dict[str, Sequence[str]] | None = None,
    organizations: Sequence[str] = (),
) -> Result:
    """``also`` are further names of the same entity, which the text gives at its end."""
    story = _Story(also or {})
    for number, one in enumerate(said, 1):
        story.say(number, one)
    for others in (also or {}).values():
        for other in others:
            story.name(other)
    return Result(
        job_id=claimed.job_id,
        article_id=claimed.article_id,
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
    *said: Statement,
    also: dict[str, Sequence[str]] | None = None,
    organizations: Sequence[str] = (),
    **fields: Any,
) -> LeasedJob:
    """Push an article and store the result that says this of it."""
    body = fields.pop("body", "; ".join(f"{one.speaker}: {one.content}" for one in said) or "Nothing.")
    [accepted] = push(database, article(body, **fields))
    claimed = lease_job(database, accepted.job_id)
    leases.complete(database, claimed, build_result(claimed, said, also, organizations))
    return claimed
