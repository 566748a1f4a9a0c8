"""Log lines that repeat: of one kind at most one in ten seconds, and the next says how many were left out.

A store that fails does so for each request and each loop of each process. Without a limit, half a minute of that fills
megabytes, and the line that names the cause drowns.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from typing import Any, Final

_EVERY_S: Final = 10.0
_KINDS_MAX: Final = 1_000  # beyond this number the kind that was seen least recently is forgotten
_OBJECTS: Final = ("job", "article", "message")  # a line about one of these is about nothing else
_DISTINGUISHING: Final = ("fault", "store", "code", "cause", "child")
_REPEATED: Final = "left_out"


class RepeatFilter(logging.Filter):
    """Leaves out repeated warnings and errors.

    A kind is the logger, the event or the template of the message, the class of the exception, and what the line names
    as fault or cause. Lines about a job, an article or a message are not limited, unless they report a store's fault.
    """

    def __init__(self, every_s: float = _EVERY_S) -> None:
        """Let one line of a kind through in ``every_s`` seconds."""
        super().__init__()
        self._every_s = every_s
        self._lock = threading.Lock()
        self._kinds: OrderedDict[tuple[object, ...], tuple[float, int]] = OrderedDict()  # last line, lines left out

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the line; add to its event how many were left out before it."""
        kind = _kind(record) if record.levelno >= logging.WARNING else None
        if kind is None:
            return True
        now = time.monotonic()
        with self._lock:
            written_at, left_out = self._kinds.get(kind, (float("-inf"), 0))
            is_due = now - written_at >= self._every_s
            self._kinds[kind] = (now, 0) if is_due else (written_at, left_out + 1)
            self._kinds.move_to_end(kind)
            while len(self._kinds) > _KINDS_MAX:
                self._kinds.popitem(last=False)
        if is_due and left_out:
            _add(record, left_out)
        return is_due


def _kind(record: logging.LogRecord) -> tuple[object, ...] | None:
    """Return the kind of a line, or None if it is not limited."""
    event: Any = record.msg
    if not isinstance(event, dict):
        template = record.getMessage() if event == "%s" else str(event)
        return record.name, template, record.exc_info[0] if record.exc_info else None
    if "fault" not in event and any(name in event for name in _OBJECTS):
        return None
    exception = str(event.get("exception", "")).rpartition("\n")[2]
    return record.name, event.get("event"), exception, *(event.get(name) for name in _DISTINGUISHING)


def _add(record: logging.LogRecord, left_out: int) -> None:
    if isinstance(record.msg, dict):
        record.msg = {**record.msg, _REPEATED: left_out}
    else:
        record.msg = f"{record.msg} ({left_out} lines of this kind were left out)"
