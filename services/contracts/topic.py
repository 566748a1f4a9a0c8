"""A topic that statements can be about, with the claim that a supporter agrees with."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from services.contracts.base import NOT_BLANK, Contract, Text, not_blank

TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
TopicName = Annotated[Text, StringConstraints(min_length=1, max_length=200), AfterValidator(not_blank), NOT_BLANK]
Alias = Annotated[Text, StringConstraints(min_length=1, max_length=100), AfterValidator(not_blank), NOT_BLANK]
Claim = Annotated[Text, StringConstraints(min_length=1, max_length=500), AfterValidator(not_blank), NOT_BLANK]


class Topic(Contract):
    """A topic that an operator registered ("NATO enlargement").

    ``id`` is derived from the first name and never changes; results refer to a topic by it. A statement is about the
    topic if it contains ``name`` or one of ``aliases``. A supporter of the topic agrees with ``claim`` ("Ukraine should
    join NATO"). A claim never changes either: a different claim is a different topic.
    """

    id: TopicId
    name: TopicName
    aliases: tuple[Alias, ...] = ()
    claim: Claim = Field(description="a sentence that can be agreed with")
