"""Add, change and retire topics."""

from __future__ import annotations

from collections.abc import Sequence

from services.caller import Caller
from services.contracts import TopicId
from services.errors import InvalidInput
from services.topics import store
from services.topics.store import TopicRecord
from services.use_cases.context import UseCaseContext


def add(context: UseCaseContext, *, name: str, aliases: Sequence[str], claim: str, caller: Caller) -> TopicRecord:
    """Register a topic; articles analysed from now on are matched against it.

    Raises `InvalidInput` for too many aliases, and `Conflict` if the topic exists or too many topics are active.
    """
    _check_number_of_aliases(context, aliases)
    return store.add(
        context.database, name=name, aliases=aliases, claim=claim, limits=context.settings.topics, by=caller
    )


def change(
    context: UseCaseContext,
    topic_id: TopicId,
    *,
    name: str | None = None,
    aliases: Sequence[str] | None = None,
    retired: bool | None = None,
    caller: Caller,
) -> TopicRecord:
    """Change the given properties of a topic. Its claim never changes: another claim is another topic.

    Raises `InvalidInput` for too many aliases, `NotFound`, and `Conflict` if too many topics are active.
    """
    _check_number_of_aliases(context, aliases or ())
    return store.change(
        context.database,
        topic_id,
        name=name,
        aliases=aliases,
        retired=retired,
        limits=context.settings.topics,
        by=caller,
    )


def retire(context: UseCaseContext, topic_id: TopicId, caller: Caller) -> TopicRecord:
    """Retire a topic: its stances stay, and no further article is matched against it. Repeating it is not an error.

    Raises `NotFound`.
    """
    return change(context, topic_id, retired=True, caller=caller)


def _check_number_of_aliases(context: UseCaseContext, aliases: Sequence[str]) -> None:
    limit = context.settings.topics.aliases
    if len(aliases) > limit:
        raise InvalidInput("aliases", f"has {len(aliases)} items; a topic may have {limit}")
