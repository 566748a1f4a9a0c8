"""Server-sent events, read from the bytes of an answer (HTML standard, section 9.2).

Lines end with LF, CR or both, and with nothing else: httpx also splits at U+2028 and others, which JSON may contain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")  # an LF may follow a CR that is the last byte until now


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """An event. ``data`` is empty without content, as in a heartbeat, and what else it does not have is None.

    ``retry_s`` is how many seconds clients are asked to wait before they connect again.
    """

    name: str
    data: str
    id: str | None
    retry_s: float | None


class EventReader:
    """Reads the events of one connection; one that breaks off before its end is dropped."""

    def __init__(self) -> None:
        """Begin at the first byte."""
        self._rest = b""
        self._fields: dict[str, str] = {}

    def read(self, content: bytes) -> Iterator[ServerEvent]:
        """Yield the events that end in the next bytes."""
        *lines, self._rest = _LINE_END.split(self._rest + content)
        for line in lines:
            if line:
                self._read_line(line.decode("utf-8", "replace"))
            elif self._fields:
                fields, self._fields = self._fields, {}
                retry_s = int(fields["retry"]) / 1000 if "retry" in fields else None
                yield ServerEvent(fields.get("event", "message"), fields.get("data", ""), fields.get("id"), retry_s)

    def _read_line(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data" and "data" in self._fields:
            self._fields["data"] += "\n" + value
        elif name in {"event", "data", "id"} or (name == "retry" and value.isascii() and value.isdigit()):
            self._fields[name] = value
