"""A network link that breaks some connections: the request is cut off, or its answer is lost."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from enum import Enum, auto

_RESET = struct.pack("ii", 1, 0)  # close sends RST instead of FIN
_READ = 65_536
_SHOWN = 200  # bytes of a request that pass before it is cut off


class Fate(Enum):
    """How a connection ends."""

    WHOLE = auto()
    CUT_OFF = auto()  # in the middle of the request
    UNANSWERED = auto()  # the server has answered, and the client never learns it


class BreakingLink:
    """A TCP proxy on a free loopback port in front of ``port``, which breaks ``share`` of all connections."""

    def __init__(self, port: int, share: float, seed: int) -> None:
        self.fates: dict[Fate, int] = dict.fromkeys(Fate, 0)
        self.whole_from_now = False
        self._target = port
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 -- the same connections break in each run
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="breaking link", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            breaks = self._random.random() < self._share and not self.whole_from_now
            fate = self._random.choice((Fate.CUT_OFF, Fate.UNANSWERED)) if breaks else Fate.WHOLE
            self.fates[fate] += 1
            threading.Thread(target=self._pass_on, args=(client, fate), name="breaking link", daemon=True).start()

    def _pass_on(self, client: socket.socket, fate: Fate) -> None:
        with client, contextlib.suppress(OSError):
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=30)
            except OSError:
                _reset(client)
                return
            with server:
                if fate is Fate.CUT_OFF:
                    server.sendall(client.recv(_READ)[:_SHOWN])
                    _reset(server)
                    _reset(client)
                    return
                back = threading.Thread(target=self._answer, args=(server, client, fate), daemon=True)
                back.start()
                _copy(client, server)
                back.join()

    def _answer(self, server: socket.socket, client: socket.socket, fate: Fate) -> None:
        with contextlib.suppress(OSError):
            if fate is Fate.UNANSWERED:
                server.recv(_READ)
                _reset(client)
            else:
                _copy(server, client)


def _copy(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(_READ):
        target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)  # wakes the other thread
    connection.close()


@contextlib.contextmanager
def breaking_link_to(port: int, share: float, seed: int) -> Iterator[BreakingLink]:
    link = BreakingLink(port, share, seed)
    try:
        yield link
    finally:
        link.close()
