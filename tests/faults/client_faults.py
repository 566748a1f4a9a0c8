"""Clients that hold on to the API: long polls, uploads that take for ever, answers that nobody waits for."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx

from tests.faults.deployment import Deployment

_POLLS = 500
_UPLOADS = 50
_LEAVERS_EVERY_S = 0.01


def _connect(deployment: Deployment, request: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", deployment.port), timeout=20)
    connection.sendall(request.encode())
    return connection


def _last_cursor(deployment: Deployment) -> str:
    """Return the cursor behind the last result so far."""
    parameters = {"limit": "200"}
    with httpx.Client(base_url=deployment.url, trust_env=False, timeout=20) as client:
        while (page := client.get("/v1/results", params=parameters).raise_for_status().json())["items"]:
            parameters["after"] = page["after"]
    return parameters["after"]


@contextlib.contextmanager
def long_polls(deployment: Deployment) -> Iterator[None]:
    """Wait for results with many connections at once, from the end of the list on."""
    request = f"GET /v1/results?after={_last_cursor(deployment)} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=30\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(_POLLS):
            stack.enter_context(_connect(deployment, request))
        yield


@contextlib.contextmanager
def slow_uploads(deployment: Deployment) -> Iterator[None]:
    """Begin bodies of a megabyte and send hardly anything of them."""
    head = "POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(_UPLOADS):
            stack.enter_context(_connect(deployment, f'{head}Content-Length: 1000000\r\n\r\n{{"body": "'))
        yield


@contextlib.contextmanager
def leavers(deployment: Deployment) -> Iterator[None]:
    """Ask for results and leave before the answer, again and again."""
    stopping = threading.Event()

    def leave() -> None:
        while not stopping.wait(_LEAVERS_EVERY_S):
            with contextlib.suppress(OSError):
                _connect(deployment, "GET /v1/results?limit=200 HTTP/1.1\r\nHost: localhost\r\n\r\n").close()

    thread = threading.Thread(target=leave, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
