from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from services.api.middleware.body_limits import BodyLimitsMiddleware, check_nesting
from services.api.problems import ProblemError
from services.settings import Limits
from tests.support.growth import assert_linear

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def is_rejected(body: bytes, limit: int) -> bool:
    try:
        check_nesting(body, limit)
    except ProblemError as error:
        return (error.problem.status, error.problem.code) == (400, "nesting_too_deep")
    return False


@given(JSON, st.booleans())
def test_nesting_is_counted_like_a_parser_does(value: Any, ascii_only: bool) -> None:  # noqa: FBT001 -- drawn by hypothesis
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert not is_rejected(body, depth(value))
    if depth(value):
        assert is_rejected(body, depth(value) - 1)


@pytest.mark.parametrize(
    "body",
    [
        b'"[[[["',
        b'{"a": "{{{{"}',
        b'"\\"[[[["',
        b'"\\\\\\"[[[["',
        b'{"[[[[": 1}',
        b'"never closed [[[[',
        b'"never closed \\" [[[[',
        b'"ends in a backslash [[[[\\',
        b'"line\nbreak [[[["',
        b"",
        b"[],[],[],[],{},{}",
    ],
)
def test_brackets_in_strings_and_siblings_are_not_nesting(body: bytes) -> None:
    assert not is_rejected(body, 1)


@pytest.mark.parametrize("body", [b'"\\\\"[[', b'""[[', b'{"a": {', b"[\x00[", b'"a" "b" [{'])
def test_brackets_after_a_string_are_nesting(body: bytes) -> None:
    assert is_rejected(body, 1)


def test_missing_body_is_accepted() -> None:
    check_nesting(None, 1)


@pytest.mark.parametrize(
    "piece", [b'"\\"', b'\\"', b'"', b'"a', b"\\", b"[]", b'"[', b'{"a":"b"},', b"x"], ids=lambda piece: piece.decode()
)
def test_time_is_linear_in_the_body(piece: bytes) -> None:
    def body(size: int) -> bytes:
        return b'"' + piece * (size // len(piece))

    assert assert_linear("depth", lambda content: check_nesting(content, len(content)), body, 2_000_000) < 1.5


SMALL = Limits(body_bytes=10, batch_bytes=10, held_bytes=20, held_bytes_per_key=15, body_s=0.05)
Answer = tuple[int, dict[str, str], bytes]


class Sender:
    """A client of the middleware in front of an application that answers with the body that it was given."""

    def __init__(self, limits: Limits = SMALL) -> None:
        self._middleware = BodyLimitsMiddleware(self._echo, limits)
        self.answering = asyncio.Event()  # set: bodies are answered
        self.answering.set()
        self.arrived = asyncio.Event()

    async def _echo(self, _scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.arrived.set()
        await self.answering.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})

    async def send(self, *chunks: bytes, client: str = "192.0.2.1", ends: bool = True) -> Answer:
        """Send a body in chunks; without ``ends`` the rest never comes."""
        messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        if ends:
            messages[-1]["more_body"] = False
        sent: list[Message] = []

        async def receive() -> Message:
            if messages:
                return messages.pop(0)
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # never done

        async def collect(message: Message) -> None:
            sent.append(message)

        scope: Scope = {"type": "http", "method": "POST", "path": "/x", "headers": [], "client": (client, 1)}
        await self._middleware(scope, receive, collect)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, sent[1]["body"]


def code_of(answer: Answer) -> str:
    return str(json.loads(answer[2])["code"])


def test_body_that_does_not_arrive_in_time_is_408_and_gives_its_bytes_back() -> None:
    async def scenario() -> None:
        sender = Sender()
        for _ in range(4):
            answer = await sender.send(b"[1,", ends=False)
            assert (answer[0], code_of(answer), answer[1]["connection"]) == (408, "body_timeout", "close")
        assert (await sender.send(b"[1,", b"2]"))[::2] == (200, b"[1,2]")

    asyncio.run(scenario())


def test_bodies_in_flight_are_bounded_for_each_sender_and_in_all() -> None:
    async def scenario() -> None:
        sender = Sender()
        sender.answering.clear()
        waiting = asyncio.create_task(sender.send(b'"12345678"'))
        await sender.arrived.wait()
        own = await sender.send(b'"1234"')
        assert (own[0], code_of(own), own[1]["connection"]) == (429, "key_bodies_too_large", "close")
        assert own[1]["retry-after"]
        sender.arrived.clear()
        also_waiting = asyncio.create_task(sender.send(b'"1234567"', client="192.0.2.2"))
        await sender.arrived.wait()
        others = await sender.send(b'"1"', client="192.0.2.3")
        assert (others[0], code_of(others)) == (503, "bodies_too_large")
        sender.answering.set()
        assert [(await task)[0] for task in (waiting, also_waiting)] == [200, 200]
        assert (await sender.send(b'"1"', client="192.0.2.3"))[0] == 200

    asyncio.run(scenario())


def test_too_large_body_is_413_at_the_byte_that_exceeds_the_limit() -> None:
    answer = asyncio.run(Sender().send(b'"12345678', b'9"', ends=False))
    assert (answer[0], code_of(answer), answer[1]["connection"]) == (413, "body_too_large", "close")
