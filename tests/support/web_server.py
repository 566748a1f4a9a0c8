"""A web server on a free loopback port whose answers a test writes, and which keeps what it was asked."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class WebServer:
    """``answer`` maps each request to its reply; ``requests`` has them in order."""

    port: int
    answer: Callable[[Request], Reply]
    address: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "") -> str:
        return f"http://{host or self.address}:{self.port}{path}"


@contextmanager
def run_web_server(
    answer: Callable[[Request], Reply] = lambda _request: Reply(),
    certificate: tuple[Path, Path] | None = None,
    address: str = "127.0.0.1",
) -> Iterator[WebServer]:
    """Serve on an address of this machine until the end of the block; over TLS with a certificate and its key."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, self.headers, body)
            web.requests.append(request)
            reply = web.answer(request)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                with contextlib.suppress(OSError):  # the client has read enough
                    self.wfile.write(reply.body)

        do_GET = do_POST = do_HEAD = handle_any  # noqa: N815 -- the names that http.server calls

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web = WebServer(server.server_port, answer, address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
