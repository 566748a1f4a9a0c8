"""How the console says things: states, acts, reasons, spans of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from services.caller import Scope
from services.contracts import Act, EntityType, JobState, Kind, StanceLabel

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_EXACT: Final = 10  # under ten of a unit the next smaller one is told as well

# A sign beside each word, so that colour is never the only difference.
STATES: Final[Mapping[str, tuple[str, str]]] = {
    JobState.QUEUED: ("◷", "Queued"),
    JobState.RUNNING: ("▸", "Running"),
    JobState.SUCCEEDED: ("✓", "Analysed"),
    JobState.FAILED: ("✕", "Failed"),
    JobState.DEAD: ("▲", "Dead"),
    JobState.CANCELED: ("–", "Canceled"),
}

STATE_MEANING: Final[Mapping[str, str]] = {
    JobState.QUEUED: "The article is in the ledger and waits for a worker.",
    JobState.RUNNING: "A worker is reading the article now.",
    JobState.SUCCEEDED: "The article was analysed and its result is stored.",
    JobState.FAILED: "The article itself is the reason: trying again as it is would end the same way.",
    JobState.DEAD: "It was tried as often as allowed. Once the cause is gone, retry it; or drop it.",
    JobState.CANCELED: "It was given up and nothing is stored.",
}

ACTS: Final[Mapping[str, str]] = {
    Act.ASSERT: "says",
    Act.DEMAND: "demands",
    Act.PROPOSE: "proposes",
    Act.PROMISE: "promises",
    Act.THREATEN: "threatens",
    Act.ACCUSE: "accuses",
    Act.REJECT: "rejects",
    Act.DENY: "denies",
    Act.PRAISE: "praises",
    Act.ASK: "asks",
}

KINDS: Final[Mapping[str, str]] = {Kind.DIRECT: "direct", Kind.INDIRECT: "indirect", Kind.MIXED: "partly quoted"}

STANCES: Final[Mapping[str, tuple[str, str]]] = {
    StanceLabel.SUPPORT: ("▲", "supports"),
    StanceLabel.OPPOSE: ("▼", "opposes"),
    "mixed": ("◆", "is divided on"),
}

TYPES: Final[Mapping[str, str]] = {
    EntityType.PERSON: "Person",
    EntityType.ORGANIZATION: "Organization",
    EntityType.LOCATION: "Place",
    EntityType.NORP: "Nationality or group",
    EntityType.FACILITY: "Facility",
    EntityType.PRODUCT: "Product",
    EntityType.MONEY: "Amount of money",
    EntityType.DATE: "Date",
    EntityType.MISC: "Other",
}

# What can be done about a reason, by its code.
ADVICE: Final[Mapping[str, str]] = {
    "language_unsupported": "Only English is read. If the feed named the language wrongly, push the article with the right one.",
    "language_uncertain": "The text is too short or too mixed to tell its language. Push it with `language` set.",
    "no_text": "No article was found in what was pushed. Look at the body: a page without text, or a picture with a caption?",
    "text_too_long": "Push it in parts, or raise the limit for what an article may hold.",
    "deadline_exceeded": "It took longer than an article may. If many do, look at the load of the workers; retry this one later.",
    "defect": "A defect of ours. The worker's log has the traceback under this job's ID.",
    "worker_lost": "Its worker process died or hung with it: too little memory, or an article that kills it (poison). "
    "Look into the worker's log, then retry; if it dies again, drop it.",
    "dropped": "Somebody gave it up. Push the article again if it is wanted after all.",
    "canceled": "Somebody canceled it. Push the article again if it is wanted after all.",
    "withdrawn": "The article was withdrawn; its results are gone.",
}

SCOPES: Final[Mapping[str, str]] = {
    Scope.INGEST: "push articles, cancel and withdraw them",
    Scope.READ: "see jobs, articles and results",
    Scope.ADMIN: "all of it on every feed, and keys, feeds, topics, retries, pauses, erasing",
}

# What the audit log notes.
ACTIONS: Final[Mapping[str, str]] = {
    "article.erase": "erased an article",
    "article.withdraw": "withdrew an article",
    "feed.add": "made a feed known",
    "feed.set": "changed a feed",
    "intake.pause": "paused",
    "intake.resume": "resumed",
    "job.cancel": "canceled a job",
    "job.drop": "dropped a job",
    "job.reprioritise": "moved a job",
    "job.retry": "retried a job",
    "key.create": "made a key",
    "key.revoke": "revoked a key",
    "ledger.backup": "backed up",
    "ledger.restore": "restored a backup",
    "retention.prune": "pruned",
    "topic.add": "registered a topic",
    "topic.change": "changed a topic",
}


def span(seconds: float) -> str:
    """A span of time, short: ``8 s``, ``3 min``, ``2 h 5 min``, ``4 d``."""
    whole = round(max(0.0, seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    return _two(whole, _DAY, "d", _HOUR, "h")


def _two(whole: int, large: int, name: str, small: int, small_name: str) -> str:
    number, rest = divmod(whole, large)
    less = rest // small
    return f"{number} {name} {less} {small_name}" if number < _EXACT and less else f"{number} {name}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in words, in one unit."""
    if moment is None:
        return "–"
    seconds = max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds())
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s")):
        if seconds >= size:
            return f"{int(seconds // size)} {name} ago"
    return "just now"


def number(value: float) -> str:
    """A whole number in groups of three, a small one with a decimal where it has one."""
    if value < _EXACT and value != int(value):
        return f"{value:.1f}"
    return f"{round(value):,}".replace(",", "\u202f")


def percent(value: float) -> str:
    """A probability in whole percents; never 100 where it is less."""
    return f"{min(99, round(value * 100)) if value < 1 else 100} %"


def instant_text(moment: datetime | None) -> str:
    """A moment to the second, UTC."""
    return "–" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"
