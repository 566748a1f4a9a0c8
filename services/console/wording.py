"""The words of the console: labels of states, acts, reasons and audit actions; formats of numbers and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from services.caller import Scope
from services.contracts import EntityType, JobState, Kind, StanceLabel
from services.contracts.acts import ACT_RECORDS
from services.contracts.event import EventType, WatchKind
from services.sources.records import SourceKind, SourceState

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_TWO_UNITS_BELOW: Final = 10  # "2 h 5 min", but "12 h"
_DECIMAL_BELOW: Final = 10  # "3.2", but "12"

# A sign with each label, so that colour is never the only difference.
STATES: Final[Mapping[str, tuple[str, str]]] = {
    JobState.QUEUED: ("◷", "Queued"),
    JobState.RUNNING: ("▸", "Running"),
    JobState.SUCCEEDED: ("✓", "Analysed"),
    JobState.FAILED: ("✕", "Failed"),
    JobState.DEAD: ("▲", "Dead"),
    JobState.CANCELED: ("–", "Canceled"),
    JobState.HELD: ("‖", "Held"),
}

STATE_MEANING: Final[Mapping[str, str]] = {
    JobState.QUEUED: "The article is stored and waits for a worker.",
    JobState.RUNNING: "A worker is analysing the article.",
    JobState.SUCCEEDED: "The article was analysed and its result is stored.",
    JobState.FAILED: "The article cannot be analysed. Retrying it unchanged would fail again.",
    JobState.DEAD: "All attempts were used up. Fix the cause and retry the job, or drop it.",
    JobState.CANCELED: "The job was given up. It has no result.",
    JobState.HELD: "The article waits for the end of its embargo, or until its feed or an operator releases it.",
}

ACTS: Final[Mapping[str, str]] = {act: record.verb for act, record in ACT_RECORDS.items()}

KINDS: Final[Mapping[str, str]] = {Kind.DIRECT: "direct", Kind.INDIRECT: "indirect", Kind.MIXED: "partly quoted"}

STANCES: Final[Mapping[str, tuple[str, str]]] = {
    StanceLabel.SUPPORT: ("▲", "supports"),
    StanceLabel.OPPOSE: ("▼", "opposes"),
    "mixed": ("◆", "is divided on"),
}

# How the search form shows the choices of a filter; without an entry, the value itself is shown.
_CHOICE_LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "act": ACTS,
    "copies": {"": "count once", "all": "count each"},
    "match": {"": "also beginnings", "exact": "exact only"},
    "stance": {stance: label for stance, (_, label) in STANCES.items()},
}

ENTITY_TYPES: Final[Mapping[str, str]] = {
    EntityType.PERSON: "Person",
    EntityType.ORGANIZATION: "Organization",
    EntityType.LOCATION: "Place",
    EntityType.NORP: "Nationality or group",
    EntityType.FACILITY: "Facility",
    EntityType.PRODUCT: "Product",
    EntityType.MONEY: "Amount of money",
    EntityType.DATE: "Date",
    EntityType.MISC: "Other",
    EntityType.ISSUE: "Issue",
}

ENTITY_ROLES: Final[Mapping[str, str]] = {"speaker": "speaks", "holder": "takes a side", "target": "is taken a side on"}

# Advice about jobs without a result, by reason code.
ADVICE: Final[Mapping[str, str]] = {
    "language_unsupported": "Only English is supported. If the feed set the wrong language, push the article again "
    "with the right one.",
    "language_uncertain": "The text is too short or too mixed to detect its language. Push it again with "
    "`language` set.",
    "no_text": "No article text was found in the body. It may be a page without text, or a picture with a caption.",
    "text_too_long": "Push the article in parts, or raise the limit for the length of an article.",
    "deadline_exceeded": "The analysis took longer than the time limit. If many jobs end this way, check the load of "
    "the workers, then retry.",
    "defect": "This is a bug. The worker's log has the traceback under this job's ID.",
    "worker_lost": "The worker process died or hung: too little memory, or an article that crashes it (poison). "
    "Read the worker's log, then retry the job; if it dies again, drop it.",
    "dropped": "An operator gave it up. Push the article again if it is still needed.",
    "canceled": "It was canceled. Push the article again if it is still needed.",
    "withdrawn": "The article was withdrawn and its results are hidden.",
    "superseded": "A later word of the feed counts: a newer version of the story, or its cancellation.",
    "story_canceled": "The feed canceled the story, and every version of it was withdrawn.",
}

# A sign with each label, as for jobs.
SOURCE_STATES: Final[Mapping[str, tuple[str, str]]] = {
    SourceState.WAITING: ("◷", "Waiting"),
    SourceState.ACTIVE: ("✓", "Active"),
    SourceState.FAILING: ("✕", "Failing"),
    SourceState.DENIED: ("✕", "Denied"),
    SourceState.GONE: ("✕", "Gone"),
    SourceState.PAUSED: ("‖", "Paused"),
    SourceState.LEAVING: ("–", "Leaving"),
}

SOURCE_KINDS: Final[Mapping[str, str]] = {
    SourceKind.POLL: "Polled address",
    SourceKind.WEBSUB: "Subscription at a hub (WebSub)",
    SourceKind.SIGNED: "Signed push",
    SourceKind.SUPERDESK: "Superdesk",
}

SCOPES: Final[Mapping[str, str]] = {
    Scope.INGEST: "push, cancel and withdraw articles",
    Scope.READ: "see jobs, articles and results",
    Scope.ADMIN: "everything on every feed, and manage keys, feeds, topics, retries, pauses and erasure",
}

EVENTS: Final[Mapping[str, str]] = {
    EventType.RESULT_READY: "a result was stored",
    EventType.RESULT_WITHDRAWN: "results were withdrawn or erased",
    EventType.JOB_FAILED: "an article cannot be analysed",
    EventType.JOB_DEAD: "the attempts of a job are used up",
    EventType.WATCH_MATCHED: "a watch matched",
    EventType.TEST: "a test",
}

DELIVERY_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("◷", "Waiting"),
    "delivered": ("✓", "Delivered"),
    "failed": ("✕", "Given up"),
    "canceled": ("–", "Canceled"),
}

DISABLED_REASONS: Final[Mapping[str, str]] = {
    "request": "on request",
    "gone": "the receiver answered 410",
    "failing": "the receiver failed for too long",
    "key_ended": "its key was revoked or has expired",
}

WATCH_KINDS: Final[Mapping[str, str]] = {WatchKind.STANCES: "stances", WatchKind.ATTRIBUTIONS: "statements"}

# Actions in the audit log.
AUDIT_ACTIONS: Final[Mapping[str, str]] = {
    "article.erase": "erased an article",
    "article.reinstate": "reinstated an article",
    "article.withdraw": "withdrew an article",
    "feed.add": "registered a feed",
    "feed.set": "changed a feed",
    "intake.pause": "paused intake",
    "intake.resume": "resumed intake",
    "job.cancel": "canceled a job",
    "job.drop": "dropped a job",
    "job.reprioritise": "changed a job's priority",
    "job.retry": "retried a job",
    "key.create": "created a key",
    "key.revoke": "revoked a key",
    "ledger.backup": "made a backup",
    "ledger.restore": "restored a backup",
    "refusals.clear": "cleared the refusals of a feed",
    "session.end": "ended sessions",
    "source.add": "added a source",
    "source.remove": "removed a source",
    "source.set": "changed a source",
    "retention.prune": "pruned old data",
    "topic.add": "registered a topic",
    "topic.change": "changed a topic",
    "watch.change": "changed a watch",
    "watch.create": "created a watch",
    "watch.delete": "deleted a watch",
    "webhook.change": "changed a webhook",
    "webhook.create": "created a webhook",
    "webhook.delete": "deleted a webhook",
    "webhook.disable": "disabled a webhook",
    "webhook.redeliver": "sent messages of a webhook again",
    "webhook.rotate": "changed the secret of a webhook",
    "webhook.test": "tested a webhook",
}


def choice_label(filter_name: str, choice: str) -> str:
    """Return how the search form shows a choice of a filter."""
    return _CHOICE_LABELS.get(filter_name, {}).get(choice, choice)


def duration(seconds: float) -> str:
    """Return a duration in one or two units: ``8 s``, ``3 min``, ``2 h 5 min``, ``4 d``."""
    whole = round(max(0.0, seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _in_two_units(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _in_two_units(whole, _HOUR, "h", _MINUTE, "min")
    return _in_two_units(whole, _DAY, "d", _HOUR, "h")


def _in_two_units(whole: int, large: int, large_name: str, small: int, small_name: str) -> str:
    count, rest = divmod(whole, large)
    small_count = rest // small
    if count < _TWO_UNITS_BELOW and small_count:
        return f"{count} {large_name} {small_count} {small_name}"
    return f"{count} {large_name}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return the age of a moment in one unit: ``3 min ago``."""
    if moment is None:
        return "–"
    seconds = max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds())
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s")):
        if seconds >= size:
            return f"{int(seconds // size)} {name} ago"
    return "just now"


def number(value: float) -> str:
    """Return a number in groups of three digits, with one decimal if it is small and not whole."""
    if value < _DECIMAL_BELOW and value != int(value):
        return f"{value:.1f}"
    return f"{round(value):,}".replace(",", "\u202f")


def percent(value: float) -> str:
    """Return a probability in whole percent. Less than 1 is never shown as 100 %."""
    return f"{min(99, round(value * 100)) if value < 1 else 100} %"


def instant_text(moment: datetime | None) -> str:
    """Return a moment to the second, in UTC."""
    return "–" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plural(count: int, singular: str, plural_form: str | None = None) -> str:
    """Return a count with its noun; the plural is the singular with an s unless given."""
    return f"{number(count)} {singular if count == 1 else plural_form or singular + 's'}"
