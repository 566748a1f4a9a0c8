"""The errors of the project, by how an article's job ends or how a request is answered.

- `PermanentError`: the article itself cannot be processed. Its job becomes ``failed`` and is not retried.
- `TransientError`: the cause lies outside the article. Its job is queued again with a delay, a bounded number of times.
- Any other exception is a defect. The article is retried alone; if it fails again, its job becomes ``dead``.

Attempts without a result are counted by their ``code``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class StoreFault(StrEnum):
    """How the database or Redis fails. ``description`` completes a sentence that begins with the name of the store."""

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        """Create a member from its value, which is also a label of metrics, and its description."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    NO_ANSWER = "no_answer", "does not answer"
    READ_ONLY = "read_only", "is read-only"
    NO_PERMISSION = "no_permission", "refuses permission"
    LOCKED = "locked", "is blocked by a lock"
    SLOW = "slow", "is too slow"
    FULL = "full", "is full"
    STARTING = "starting", "is still starting"
    CONNECTIONS = "connections", "has no connections left"
    POOLER = "pooler", "is behind a pooler that shares its connections"
    SCHEMA_MISSING = "schema_missing", "lacks tables or columns"
    SCHEMA_OLD = "schema_old", "has an older schema than this version needs"
    SCHEMA_NEW = "schema_new", "has a newer schema than this version knows"
    DAMAGED = "damaged", "is damaged"
    FOREIGN_KEY = "foreign_key", "has a value of another type under the key of the queue"
    SENTINEL = "sentinel", "is a Sentinel, which stores no messages"
    CLUSTER = "cluster", "is a cluster, which is not supported"
    BEHIND = "behind", "is too far behind the primary"
    UNEXPECTED = "unexpected", "answers in an unexpected way"


class StancewireError(Exception):
    """Base of the project's errors. ``code`` is stable and machine-readable; ``detail`` is for people."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        """Set the message and, if given, a code narrower than that of the class."""
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class PermanentError(StancewireError):
    """The same article would fail again: do not retry."""

    code = "unprocessable"


class TransientError(StancewireError):
    """The same article may succeed later: retry a bounded number of times."""

    code = "temporary"


class DeadlineExceeded(TransientError):
    """The analysis of an article exceeded its soft time limit."""

    code = "deadline_exceeded"


class LeaseLost(StancewireError):
    """The worker no longer holds the job, which was canceled or leased to another worker: discard the result."""

    code = "lease_lost"


class Unavailable(StancewireError):
    """A store cannot do its part now. ``fault`` says how it fails; ``detail`` may contain addresses."""

    store = "the store"

    def __init__(self, detail: str, fault: StoreFault = StoreFault.NO_ANSWER) -> None:
        """Set the message and the fault."""
        super().__init__(detail)
        self.fault = fault

    @property
    def summary(self) -> str:
        """The fault in words that anybody may read."""
        return f"{self.store} {self.fault.description}"


class BrokerUnavailable(Unavailable):
    """Redis did not accept a message. The job stays in the ledger and is dispatched later."""

    code = "broker_unavailable"
    store = "Redis"


class StoreUnavailable(Unavailable):
    """The database did not do what was asked, so the transaction did not commit."""

    code = "store_unavailable"
    store = "the database"


class ReplicaUnavailable(Unavailable):
    """The read replica does not answer or is late: searches read the database itself."""

    code = "replica_unavailable"
    store = "the read replica"


class Refused(StancewireError):
    """A request that may succeed later. ``status`` is 429 or 503, ``retry_after`` is in seconds."""

    def __init__(self, detail: str, *, code: str, status: int, retry_after: int) -> None:
        """Set the message, the code, and the status and ``Retry-After`` of the answer."""
        super().__init__(detail, code=code)
        self.status = status
        self.retry_after = retry_after


class Contended(Refused):
    """Concurrent pushes of the same articles collided repeatedly: nothing was accepted, and the client may retry."""

    def __init__(self, detail: str) -> None:
        """Ask the client to repeat the request after one second."""
        super().__init__(detail, code="contended", status=503, retry_after=1)


class InvalidInput(StancewireError):
    """A value of the right shape that is not allowed. ``field`` names it; an empty name means the whole input."""

    code = "invalid"

    def __init__(self, field: str, reason: str) -> None:
        """Combine field and reason into the message."""
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class TextTooLong(InvalidInput):
    """The body of an article has more characters than ``limits.text_chars`` allows."""

    code = "text_too_long"


class Conflict(StancewireError):
    """The current state of a job, feed, key or topic does not allow the action."""

    code = "conflict"


class Unauthenticated(StancewireError):
    """The request has no valid key."""

    code = "unauthenticated"


class Forbidden(StancewireError):
    """The caller may not do this. ``scope`` is the scope that the key lacks, or None if another rule forbids it."""

    code = "forbidden"

    def __init__(self, detail: str, *, code: str | None = None, scope: str | None = None) -> None:
        """Set the message, the code and the missing scope."""
        super().__init__(detail, code=code)
        self.scope = scope


class Gone(StancewireError):
    """The article or job was erased on purpose."""

    code = "erased"


class NotFound(StancewireError):
    """The thing does not exist, or the caller may not see it."""

    code = "not_found"
