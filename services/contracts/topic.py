"""A topic: something that statements are about, and the claim that support of it means."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from services.contracts.base import NOT_BLANK, Contract, Text, not_blank

TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
TopicName = Annotated[Text, StringConstraints(min_length=1, max_length=200), AfterValidator(not_blank), NOT_BLANK]
Alias = Annotated[Text, StringConstraints(min_length=1, max_length=100), AfterValidator(not_blank), NOT_BLANK]
Claim = Annotated[Text, StringConstraints(min_length=1, max_length=500), AfterValidator(not_blank), NOT_BLANK]


class Topic(Contract):
    """What an operator registered ("NATO enlargement").

    ``id`` is made of the first name and never changes; results name a topic by it. A statement touches the topic where it holds
    ``name`` or one of ``aliases``. Who supports it agrees with ``claim`` ("Ukraine should join NATO"); a claim never changes
    either: another claim is another topic.
    """

    id: TopicId
    name: TopicName
    aliases: tuple[Alias, ...] = ()
    claim: Claim = Field(description="a sentence that can be agreed with")
