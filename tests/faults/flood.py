"""A flood of single pushes at little cost: bodies prepared in advance, plain HTTP over persistent connections.

The sender runs on the machine that it measures, so it must leave the processors to the service.
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

_THREADS = 32  # concurrent pushes, so that a slow one does not delay the others
_MAX_IDLE_S = 3  # the API closes connections after 5 s without a request
_NUMBER = "@@number@@"
PROBLEM = b"application/problem+json"


@dataclass
class Answers:
    """The answers to pushes.

    ``seconds`` are latencies by status; ``incomplete`` are refusals without Retry-After or without a problem document;
    ``failed`` counts pushes without an answer, by the type of the error.
    """

    seconds: dict[int, list[float]] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *statuses: int) -> int:
        return sum(len(self.seconds.get(status, ())) for status in statuses)

    def p99_ms(self, *statuses: int) -> float:
        latencies = sorted(seconds for status in statuses for seconds in self.seconds.get(status, ()))
        return 1000 * latencies[int(0.99 * (len(latencies) - 1))] if latencies else 0.0

    @property
    def total(self) -> int:
        return sum(map(len, self.seconds.values()))


@dataclass(frozen=True)
class Sender:
    """A feed with a key of its own; ``load`` records its accepted articles."""

    load: Load
    key: str


def flood_bodies(extra: str) -> list[str]:
    """Return bodies with a placeholder for a number: the plain text samples, or a short story with ``extra``."""
    if extra:
        return [story(0, extra).replace("plan 0", f"plan {_NUMBER}")]
    articles = [article for article in samples.load() if article.media_type == "text/plain"]
    return [
        f"{to_plain_text(Article(body=article.body)).text}\n\nNote {_NUMBER} of the editors follows on Monday."
        for article in articles
    ]


class Connection:
    """A persistent HTTP connection that parses only as much of a response as the flood needs."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self._address = (address.hostname, address.port)
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._used_at = time.monotonic()

    def request(self, request: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Send a request; return status, headers (with names in lower case) and body of the response."""
        if time.monotonic() - self._used_at > _MAX_IDLE_S:
            self._socket.close()
            self._open()
        self._socket.sendall(request)
        head, body = self._read_head()
        status_line, *lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(headers[b"content-length"])
        while len(body) < length:
            body += self._receive()
        self._buffer = body[length:]
        self._used_at = time.monotonic()
        return int(status_line.split(b" ")[1]), headers, body[:length]

    def _read_head(self) -> tuple[bytes, bytes]:
        """Return the head of a response, and the bytes received after it."""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._receive()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        return head, rest

    def _receive(self) -> bytes:
        chunk = self._socket.recv(65_536)
        if not chunk:
            raise ConnectionError("closed by the server")
        return chunk

    def close(self) -> None:
        self._socket.close()


class Flood:
    """Pushes single new articles, numbered from ``first``, to several feeds in turn over several connections."""

    def __init__(self, senders: Sequence[Sender], url: str, first: int, extra: str) -> None:
        self.answers = Answers()
        self._senders = senders
        self._url = url
        self._first = first
        self._numbers = itertools.count(first)
        self._bodies = [[self._body(sender, text) for text in flood_bodies(extra)] for sender in senders]

    @staticmethod
    def _body(sender: Sender, text: str) -> bytes:
        article = {"feed": sender.load.feed, "guid": f"{sender.load.feed}-{_NUMBER}", "version": "1", "language": "en"}
        return json.dumps(article | {"body": text}).encode()

    def run(self, rate: float, seconds: float) -> None:
        """Push at a rate per second, whatever the answers; pushes that are late are caught up."""
        began = time.monotonic()
        threads = [threading.Thread(target=self._send, args=(began, rate, seconds)) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def push_one_to_each_feed(self) -> None:
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
        index = number % len(self._senders)
        load, key = self._senders[index].load, self._senders[index].key
        bodies = self._bodies[index]
        body = bodies[number // len(self._senders) % len(bodies)].replace(_NUMBER.encode(), b"%d" % number)
        head = (
            f"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        try:
            status, headers, content = connection.request(head.encode() + body)
        except (OSError, ValueError, KeyError) as error:
            with self.answers.lock:
                self.answers.failed[type(error).__name__] += 1
            return
        seconds = time.monotonic() - began
        with self.answers.lock:
            self.answers.seconds.setdefault(status, []).append(seconds)
            if status in {429, 503} and (b"retry-after" not in headers or headers[b"content-type"] != PROBLEM):
                self.answers.incomplete.append(f"{status}: {content[:200]!r}")
            if status == 202:
                load.record_accepted(f"{load.feed}-{number}", json.loads(content)["id"])
