"""Settings of the analysis: workers, pipeline, topics and stories."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.settings.group import Count, Days, Group, Port, Seconds


class Worker(Group):
    """The processes that analyse. The hard limit must be below the lease, or an article would be analysed twice."""

    processes: int = Field(
        0,
        ge=0,
        description="Processes that analyse at the same time; 0 is one for each core of the machine, or of the quota "
        "of its container.",
    )
    max_attempts: Count = Field(3, description="Attempts after which a job is dead.")
    lease_s: Seconds = Field(
        30, description="Seconds after which a job is given to another worker unless it is renewed."
    )
    renew_s: Seconds = Field(5, description="Seconds between two renewals of a lease.")
    soft_limit_s: Seconds = Field(20, description="Seconds after which the analysis of an article is ended.")
    hard_limit_s: Seconds = Field(25, description="Seconds after which a process that did not end it is killed.")
    backoff_s: Seconds = Field(5, description="Seconds before the second attempt; doubled with each further one.")
    backoff_max_s: float = Field(300, gt=0, le=3600, description="Longest time in seconds before an attempt.")
    recycle_messages: Count = Field(5_000, description="Messages after which a process is replaced by a new one.")
    niceness: int = Field(10, ge=0, le=19, description="Niceness of the processes: 19 gives way to all others.")
    metrics_host: str = Field("127.0.0.1", description="Address of the worker's metrics.")
    metrics_port: Port = Field(0, description="Port of the worker's metrics; 0 turns them off.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.soft_limit_s <= self.hard_limit_s < self.lease_s:
            msg = "worker: soft_limit_s <= hard_limit_s < lease_s must hold"
            raise ValueError(msg)
        return self


class Pipeline(Group):
    """The analysis of an article."""

    model: Literal["trained", "rules"] = Field(
        "trained", description="`trained` uses the trained model, `rules` only rules and word lists."
    )
    max_words: Count = Field(20_000, description="Words of an article that are analysed; the rest is left out.")
    max_work: Count = Field(
        400_000,
        description="Work on one article, in plain words: a name counts as 12, a pronoun as 28. What a text has "
        "beyond that is left out, with the warning `text_cut`.",
    )
    spacy_package: str = Field(
        "", description="spaCy package whose named entities are found before ours; empty for none."
    )
    min_stance_score: float = Field(0.5, ge=0, le=1, description="Lowest score of a stance that is reported.")
    topic_statements: Count = Field(40, description="Statements of one article that are judged for topics.")
    batched_model: str = Field(
        "",
        description="File of the network in floats, with which a worker reads all articles of a message in batches, on "
        "a GPU if there is one; empty for the packaged network, an article at a time.",
    )
    batch_pieces: Count = Field(16_384, description="Word pieces of such a batch, padding included.")


class Topics(Group):
    """Topics, and the analysis of old articles for them."""

    active: Count = Field(200, description="Most active topics.")
    aliases: int = Field(200, gt=0, le=200, description="Most aliases of a topic.")
    cache_s: Seconds = Field(10, description="Seconds for which workers cache the topics.")
    reanalyze_waiting: Count = Field(
        1_000, description="Jobs that `stancewire topics reanalyze` keeps waiting in the background."
    )


class Stories(Group):
    """Copies of an article, which are linked as a story when they are analysed."""

    link: bool = Field(True, description="Whether copies are linked. Without it every article counts by itself.")
    similarity: float = Field(
        0.4,
        gt=0,
        le=1,
        description="Least share of their sequences of three words that two texts must have in common (Jaccard "
        "similarity, estimated) to be copies.",
    )
    window_days: Days = Field(
        7, description="Days for which an analysed text is remembered, to find its copies. 0 links only versions."
    )
    reuse: bool = Field(
        False,
        description="Whether an article whose text is exactly that of another one, remembered and read by the same "
        "pipeline, gets the analysis of that one instead of its own. Needs `link`.",
    )

    @model_validator(mode="after")
    def _check_link(self) -> Self:
        if self.reuse and not self.link:
            msg = "stories: reuse needs link, as texts are remembered for both"
            raise ValueError(msg)
        return self
