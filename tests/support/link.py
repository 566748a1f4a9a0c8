"""Network links to a server of the tests: one counts round trips, delays them, and can swallow what passes."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator


class Proxy:
    """A TCP proxy on a free loopback port in front of ``port``; `_serve` says what becomes of a connection."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
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


class Link(Proxy):
    """A proxy whose link can be slow or dead.

    ``trips`` counts the round trips of all connections: every change of direction from the client to the server.
    ``delay_s`` is added to each of them. While ``swallows`` is true nothing passes in either direction.
    """

    def __init__(self, port: int) -> None:
        self.delay_s = 0.0
        self.swallows = False
        self.trips = 0
        super().__init__(port)

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        server_spoke = True
        with client, server:
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
def link_to(port: int) -> Iterator[Link]:
    link = Link(port)
    try:
        yield link
    finally:
        link.close()
