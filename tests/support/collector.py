"""A collector of traces: takes OTLP over HTTP and keeps the spans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """A span as it was received; times are ns since 1970."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    began: int
    ended: int
    attributes: dict[str, str]
    failed: bool


class Collector:
    """The received spans, in order of arrival."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []

    def trace(self, trace: str) -> list[Span]:
        """Return the spans of a trace, by their beginning."""
        return sorted((span for span in self.spans if span.trace == trace), key=lambda span: span.began)


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a collector on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.spans.extend(spans_of(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        service = next(item.value.string_value for item in resource.resource.attributes if item.key == "service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                values = {item.key: item.value for item in span.attributes}
                yield Span(
                    service=service,
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    began=span.start_time_unix_nano,
                    ended=span.end_time_unix_nano,
                    attributes={
                        name: str(getattr(value, value.WhichOneof("value") or "string_value"))
                        for name, value in values.items()
                    },
                    failed=span.status.code == span.status.STATUS_CODE_ERROR,
                )
