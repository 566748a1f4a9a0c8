"""Network links to a server of the tests: one counts round trips, delays them, and can swallow, reset or refuse."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path


class Proxy:
    """A TCP proxy on a free loopback port in front of ``target``, a port of this machine or the path of a Unix socket.

    `_serve` says what becomes of a connection; it runs in a thread of its own.
    """

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="link", daemon=True).start()

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
            threading.Thread(target=self._serve, args=(client,), name="link", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def _connect(self) -> socket.socket:
        """Return a connection to the target; raises OSError if the server is down."""
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target), timeout=30)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self._target))
        return connection


class Link(Proxy):
    """A proxy whose link can be slow, dead or broken.

    ``trips`` counts the round trips of all connections: every change of direction from the client to the server.
    ``delay_s`` is added to each of them. While ``swallows`` is true nothing passes in either direction; while
    ``refuses`` is true new connections end at once.
    """

    def __init__(self, target: int | Path) -> None:
        self.delay_s = 0.0
        self.swallows = False
        self.refuses = False
        self.trips = 0
        self._open: set[socket.socket] = set()
        super().__init__(target)

    def reset(self) -> None:
        """End all connections."""
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                server = self._connect()
            except OSError:  # the server is down
                return
            with server:
                ends = {client, server}
                self._open |= ends
                try:
                    self._pump(client, server)
                finally:
                    self._open -= ends

    def _connect(self) -> socket.socket:
        if self.refuses:
            raise ConnectionRefusedError
        return super()._connect()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        server_spoke = True
        while True:
            readable, _, _ = select.select([client, server], [], [])
            for source in readable:
                try:
                    data = source.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                if self.swallows:
                    continue
                if source is client and server_spoke:
                    self.trips += 1
                    time.sleep(self.delay_s)
                server_spoke = source is server
                with contextlib.suppress(OSError):
                    (client if source is server else server).sendall(data)


@contextlib.contextmanager
def link_to(target: int | Path) -> Iterator[Link]:
    link = Link(target)
    try:
        yield link
    finally:
        link.close()
