"""The contracts between processes: articles, jobs, results, and the names of queues and tasks.

Every model is frozen and carries a ``schema`` tag; golden files under ``tests/golden`` pin each version. Every offset
is counted in Unicode code points of ``Result.text``, 0-based, end exclusive (W3C Web Annotation TextPositionSelector).
"""

from services.contracts.article import Article, MediaType, PubStatus
from services.contracts.base import Contract, FeedName, Probability, Text, Warned, instant, ledger_time
from services.contracts.job import FINAL_STATES, TRANSITIONS, JobMetadata, JobState, JobView, Link
from services.contracts.names import QueueName, TaskName
from services.contracts.positions import merge_positions
from services.contracts.result import (
    Act,
    Analysis,
    Attribution,
    Cue,
    Entity,
    EntityType,
    Extent,
    Kind,
    Mention,
    MentionForm,
    Pipeline,
    Position,
    Result,
    ResultArticle,
    Side,
    Source,
    Stance,
    StanceLabel,
    Target,
)
from services.contracts.topic import Alias, Claim, Topic, TopicId, TopicName

__all__ = [
    "FINAL_STATES",
    "TRANSITIONS",
    "Act",
    "Alias",
    "Analysis",
    "Article",
    "Attribution",
    "Claim",
    "Contract",
    "Cue",
    "Entity",
    "EntityType",
    "Extent",
    "FeedName",
    "JobMetadata",
    "JobState",
    "JobView",
    "Kind",
    "Link",
    "MediaType",
    "Mention",
    "MentionForm",
    "Pipeline",
    "Position",
    "Probability",
    "PubStatus",
    "QueueName",
    "Result",
    "ResultArticle",
    "Side",
    "Source",
    "Stance",
    "StanceLabel",
    "Target",
    "TaskName",
    "Text",
    "Topic",
    "TopicId",
    "TopicName",
    "Warned",
    "instant",
    "ledger_time",
    "merge_positions",
]
