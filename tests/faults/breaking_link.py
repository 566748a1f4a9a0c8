"""A network link that breaks some connections: the request is cut off, or its answer is lost."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from enum import Enum, auto

from tests.support.link import Proxy

_RESET = struct.pack("ii", 1, 0)  # close sends RST instead of FIN
_READ = 65_536
_SHOWN = 200  # bytes of a request that pass before it is cut off


class Fate(Enum):
    """How a connection ends."""

    WHOLE = auto()
    CUT_OFF = auto()  # in the middle of the request
    UNANSWERED = auto()  # the server has answered, and the client never learns it


class BreakingLink(Proxy):
    """A proxy that breaks ``share`` of all connections."""

    def __init__(self, port: int, share: float, seed: int) -> None:
        self.fates: dict[Fate, int] = dict.fromkeys(Fate, 0)
        self.whole_from_now = False
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 -- the same connections break in each run
        self._deciding = threading.Lock()
        super().__init__(port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        with self._deciding:
            breaks = self._random.random() < self._share and not self.whole_from_now
            fate = self._random.choice((Fate.CUT_OFF, Fate.UNANSWERED)) if breaks else Fate.WHOLE
            self.fates[fate] += 1
        with client, contextlib.suppress(OSError):
            try:
                server = self._connect()
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
