"""A flood of single pushes that costs its senders little: bodies made before, bare HTTP over connections that stay open.

Whoever measures a service on its own machine must not take the processors from it.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from services import samples
from services.contracts import Article
from tests.faults.load import Load, story
from workers.text import to_plain_text

_SENDERS = 32  # so many pushes may be under way: one that takes long holds up no other
_IDLE_S = 3  # the API closes connections on which nothing was asked for 5 s
_NUMBER = "@@number@@"
PROBLEM = b"application/problem+json"


@dataclass
class Answers:
    """How pushes were answered, and how long that took."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    bare: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *statuses: int) -> int:
        return sum(len(self.seconds.get(status, ())) for status in statuses)

    def p99_ms(self, *statuses: int) -> float:
        taken = sorted(second for status in statuses for second in self.seconds.get(status, ()))
        return 1000 * taken[int(0.99 * (len(taken) - 1))] if taken else 0.0

    @property
    def total(self) -> int:
        return sum(map(len, self.seconds.values()))


@dataclass(frozen=True)
class Sender:
    """A feed that pushes with a key of its own. ``load`` keeps what it was promised."""

    load: Load
    key: str


def texts(extra: str) -> list[str]:
    """The bodies of a flood, with a place for a number: our plain samples as they are read, or a short story with ``extra``."""
    if extra:
        return [story(0, extra).replace("plan 0", f"plan {_NUMBER}")]
    plain = [one for one in samples.load() if one.media_type == "text/plain"]
    return [
        f"{to_plain_text(Article(body=one.body)).text}\n\nNote {_NUMBER} of the editors follows on Monday."
        for one in plain
    ]


class Connection:
    """One connection that stays open. What the other side says is taken apart as far as it is looked at."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        assert place.hostname is not None
        assert place.port is not None
        self._place = (place.hostname, place.port)
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._place, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""
        self._used_at = time.monotonic()

    def ask(self, request: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers (names in small letters) and body."""
        if time.monotonic() - self._used_at > _IDLE_S:
            self._socket.close()
            self._open()
        self._socket.sendall(request)
        head, _, rest = self._until(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(headers[b"content-length"])
        while len(rest) < length:
            rest += self._more()
        self._left = rest[length:]
        self._used_at = time.monotonic()
        return int(first.split(b" ")[1]), headers, rest[:length]

    def _until(self, mark: bytes) -> tuple[bytes, bytes, bytes]:
        while mark not in self._left:
            self._left += self._more()
        return self._left.partition(mark)

    def _more(self) -> bytes:
        got = self._socket.recv(65_536)
        if not got:
            raise ConnectionError("closed by the other side")
        return got

    def close(self) -> None:
        self._socket.close()


class Flood:
    """Single pushes over several connections to several feeds in turn, each article a new one, numbered from ``first``."""

    def __init__(self, senders: Sequence[Sender], url: str, first: int, extra: str) -> None:
        self.answers = Answers()
        self._senders = senders
        self._url = url
        self._first = first
        self._numbers = itertools.count(first)
        self._bodies = [[self._body(sender, text) for text in texts(extra)] for sender in senders]

    @staticmethod
    def _body(sender: Sender, text: str) -> bytes:
        article = {"feed": sender.load.feed, "guid": f"{sender.load.feed}-{_NUMBER}", "version": "1", "language": "en"}
        return json.dumps(article | {"body": text}).encode()

    def run(self, rate: float, seconds: float) -> None:
        """So many a second, whatever becomes of them: what comes late because all were under way is made up for."""
        began = time.monotonic()
        threads = [threading.Thread(target=self._send, args=(began, rate, seconds)) for _ in range(_SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def one_each(self) -> None:
        """One article to each feed."""
        connection = Connection(self._url)
        for _ in self._senders:
            self._push(connection, next(self._numbers))
        connection.close()

    def _send(self, began: float, rate: float, seconds: float) -> None:
        connection = Connection(self._url)
        while True:
            number = next(self._numbers)
            due = (number - self._first) / rate
            now = time.monotonic() - began
            if max(due, now) >= seconds:
                break
            time.sleep(max(0.0, due - now))
            self._push(connection, number)
        connection.close()

    def _push(self, connection: Connection, number: int) -> None:
        place = number % len(self._senders)
        load, key = self._senders[place].load, self._senders[place].key
        bodies = self._bodies[place]
        body = bodies[number // len(self._senders) % len(bodies)].replace(_NUMBER.encode(), b"%d" % number)
        head = (
            f"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        try:
            status, headers, said = connection.ask(head.encode() + body)
        except (OSError, ValueError, KeyError) as error:
            with self.answers.lock:
                self.answers.failed[type(error).__name__] += 1
            return
        took = time.monotonic() - began
        with self.answers.lock:
            self.answers.seconds.setdefault(status, []).append(took)
            if status in {429, 503} and (b"retry-after" not in headers or headers[b"content-type"] != PROBLEM):
                self.answers.bare.append(f"{status}: {said[:200]!r}")
            if status == 202:
                load.taken(f"{load.feed}-{number}", json.loads(said)["id"])
