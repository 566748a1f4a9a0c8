"""The kinds of error work can end in; each outcome is counted under its own name.

``PermanentError``: the article is the reason; the job becomes ``failed`` and is not tried again.
``TransientError``: something around it is the reason; the job goes back to ``queued`` with a delay, a bounded number of times.
Anything else is a defect of ours: tried again alone, then ``dead`` with its reason.
"""

from __future__ import annotations


class StancewireError(Exception):
    """Base of the project's errors. ``code`` is stable and machine-readable; the message is for people."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        """Keep ``detail`` as the message and, if given, a code narrower than the class's own."""
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class PermanentError(StancewireError):
    """Never retry: the same article would fail the same way."""

    code = "unprocessable"


class TransientError(StancewireError):
    """Retry later, a bounded number of times."""

    code = "temporary"


class DeadlineExceeded(TransientError):
    """An article ran past its soft limit."""

    code = "deadline_exceeded"


class LeaseLost(StancewireError):
    """The job is no longer ours (canceled, or taken over after the lease ran out): drop the work, store nothing."""

    code = "lease_lost"


class BrokerUnavailable(StancewireError):
    """Redis did not take a message; the job stays in the ledger and is dispatched later."""

    code = "broker_unavailable"


class StoreUnavailable(StancewireError):
    """The database did not answer: nothing was accepted."""

    code = "store_unavailable"


class Refused(StancewireError):
    """Intake is not possible now; ``status`` is 429 or 503, ``retry_after`` in seconds."""

    def __init__(self, detail: str, *, code: str, status: int, retry_after: int) -> None:
        """Keep what the answer needs beside the reason."""
        super().__init__(detail, code=code)
        self.status = status
        self.retry_after = retry_after


class Contended(Refused):
    """Concurrent pushes of the same articles collided repeatedly: nothing was accepted, and the client may push again."""

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
    """The job's state does not allow what was asked."""

    code = "conflict"


class Unauthenticated(StancewireError):
    """Nobody we know: no key, or none that works."""

    code = "unauthenticated"


class Forbidden(StancewireError):
    """The caller is known and may not do this; ``scope`` is what it lacks, if it is one."""

    code = "forbidden"

    def __init__(self, detail: str, *, code: str | None = None, scope: str | None = None) -> None:
        """Keep what the answer needs beside the reason."""
        super().__init__(detail, code=code)
        self.scope = scope


class Gone(StancewireError):
    """It was there, and was erased on purpose."""

    code = "erased"


class NotFound(StancewireError):
    """No such thing, or none that the caller may see."""

    code = "not_found"
