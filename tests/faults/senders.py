"""Feeds of three kinds: a sender of signed pushes, a Superdesk, and a site whose Atom document changes.

Each sends stories, corrections and kills, some of them in the wrong order, and remembers what counts in the end.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import httpx

from tests.faults.load import story
from tests.support.signing import hex_signature, standard_headers
from tests.support.web_server import Reply, Request

KILL: Final = 9  # the edition that kills a story: later than every other
_AGAIN_S = 0.3
_TIMEOUT_S = 10
_LISTED = 60  # entries of the site, the newest
_CORRECTED = 4  # every fourth entry of the site replaces an earlier one, too


@dataclass
class Sent:
    """A story as its feed has sent it. ``edition`` is the latest."""

    guid: str
    edition: int = 0
    killed: bool = False


def text_of(guid: str, edition: int) -> str:
    """Return the text of an edition, which names both."""
    return f"{story(int(guid.rpartition('-')[2]))} Edition {edition} of {guid}."


def moves(feed: str, number: int) -> Iterator[tuple[str, int]]:
    """Yield the guids and editions that are sent at one step, in order."""
    guid = f"{feed}-{number}"
    match number % 6:
        case 1:
            yield from ((guid, 1), (guid, 2))
        case 3:  # the correction was faster
            yield from ((guid, 2), (guid, 1))
        case 4:  # of a story that was corrected, or was not
            yield from ((guid, 1), (f"{feed}-{number - 3 - number // 6 % 2}", KILL))
        case 5:  # the kill was faster
            yield from ((guid, KILL), (guid, 1))
        case _:
            yield guid, 1


class Feed(threading.Thread):
    """Makes ``per_s`` steps a second until it is stopped. ``defects`` are answers that lose something for good."""

    def __init__(self, name: str, per_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self.sent: dict[str, Sent] = {}
        self.requests = 0
        self.repeated = 0
        self.defects: list[str] = []
        self._pause_s = 1 / per_s
        self._stopping = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._stopping.wait(self._pause_s):
            self.step(number)
            number += 1

    def stop(self) -> None:
        """Stop after the step at hand."""
        self._stopping.set()
        self.join()

    def step(self, number: int) -> None:
        raise NotImplementedError

    def note(self, guid: str, edition: int) -> None:
        sent = self.sent.setdefault(guid, Sent(guid))
        sent.killed |= edition == KILL
        sent.edition = max(sent.edition, edition)


class Sender(Feed):
    """Pushes to ``url`` what ``request`` returns for an edition, until it is answered with 2xx."""

    def __init__(
        self, name: str, url: str, per_s: float, request: Callable[[str, int], tuple[bytes, dict[str, str]]]
    ) -> None:
        super().__init__(name, per_s)
        self._url = url
        self._request = request
        limits = httpx.Limits(max_keepalive_connections=0)  # each request is a connection that may break
        self._client = httpx.Client(timeout=_TIMEOUT_S, limits=limits, trust_env=False)

    def stop(self) -> None:
        super().stop()
        self._client.close()

    def step(self, number: int) -> None:
        for guid, edition in moves(self.name, number):
            self.note(guid, edition)
            self._send(guid, edition)

    def _send(self, guid: str, edition: int) -> None:
        while True:
            body, headers = self._request(guid, edition)
            self.requests += 1
            try:
                answer = self._client.post(self._url, content=body, headers=headers)
            except httpx.HTTPError:
                self.repeated += 1
            else:
                if answer.is_success:
                    return
                if answer.status_code < 500 and answer.status_code != 429:
                    self.defects.append(f"{guid}, edition {edition}: {answer.status_code} {answer.text[:200]}")
                    return
                self.repeated += 1
            time.sleep(_AGAIN_S)


def signed_sender(url: str, feed: str, secret: str, per_s: float) -> Sender:
    """Return a sender that signs as Standard Webhooks asks; a repeated message has the same ID."""

    def request(guid: str, edition: int) -> tuple[bytes, dict[str, str]]:
        article = {"guid": guid, "version": str(edition), "language": "en", "body": text_of(guid, edition)}
        if edition == KILL:
            article = {"guid": guid, "version": str(edition), "pubstatus": "canceled"}
        body = json.dumps(article).encode()
        headers = standard_headers(secret, body, message_id=f"msg-{guid}-{edition}")
        return body, headers | {"Content-Type": "application/json"}

    return Sender(feed, f"{url}/v1/push/{feed}", per_s, request)


def superdesk(url: str, feed: str, secret: str, per_s: float) -> Sender:
    """Return a sender of ninjs that drops an item for good at any 4xx, as Superdesk does."""

    def request(guid: str, edition: int) -> tuple[bytes, dict[str, str]]:
        item: dict[str, Any] = {"guid": guid, "type": "text", "version": str(edition), "language": "en"}
        item |= {"headline": f"Story {guid}", "pubstatus": "canceled" if edition == KILL else "usable"}
        if edition != KILL:
            paragraphs = text_of(guid, edition).split("\n\n")
            item["body_html"] = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
        body = json.dumps(item).encode()
        signature = hex_signature(secret, body)
        return body, {"Content-Type": "application/json", "x-superdesk-signature": signature}

    return Sender(feed, f"{url}/v1/push/superdesk/{feed}", per_s, request)


class ChangingSite(Feed):
    """A site with an Atom document of its latest entries, some of which are replaced by another edition."""

    def __init__(self, feed: str, per_s: float) -> None:
        super().__init__(feed, per_s)
        self._entries: dict[str, tuple[int, datetime]] = {}
        self._lock = threading.Lock()

    def step(self, number: int) -> None:
        self._publish(f"{self.name}-{number}", 1)
        if number % _CORRECTED == 3:
            self._publish(f"{self.name}-{number - 2}", 2)

    def _publish(self, guid: str, edition: int) -> None:
        self.note(guid, edition)
        with self._lock:
            self._entries.pop(guid, None)
            self._entries[guid] = (edition, datetime.now(UTC))
            for oldest in list(self._entries)[:-_LISTED]:
                del self._entries[oldest]

    def reply(self, request: Request) -> Reply:
        """Answer with the document, or 304 if it is the one that the client has."""
        if request.path != "/feed.atom":
            return Reply(status=404)
        self.requests += 1
        with self._lock:
            entries = list(self._entries.items())
        content = _atom(entries)
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag:
            return Reply(status=304, headers={"ETag": tag})
        return Reply(content, headers={"ETag": tag, "Content-Type": "application/atom+xml"})


def _atom(entries: list[tuple[str, tuple[int, datetime]]]) -> bytes:
    parts = [
        f"<entry><id>{guid}</id><title>Story {guid}</title><updated>{at.isoformat()}</updated>"
        f"<content>{escape(text_of(guid, edition))}</content></entry>"
        for guid, (edition, at) in reversed(entries)
    ]
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title>{''.join(parts)}</feed>".encode()
