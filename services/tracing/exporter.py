"""The spans of this process, sent to a collector by OTLP over HTTP. Importing it needs the extra ``tracing``.

Spans carry no text of articles: exceptions, which may quote it, are recorded by their class only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.settings import Tracing
from services.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from services.tracing import Attributes, Kind

_KINDS: Final = {"internal": SpanKind.INTERNAL, "server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER}
_TIMEOUT_S: Final = 5
_NS: Final = 1_000_000  # nanoseconds in a millisecond


class Exporter:
    """Begins spans and exports those of sampled traces, in the background and in batches."""

    def __init__(self, settings: Tracing, process: str) -> None:
        """Start the thread that sends. A collector that does not answer costs spans, and nothing else."""
        resource = Resource.create({"service.name": f"stancewire-{process}", "service.version": VERSION})
        sampler = ParentBased(TraceIdRatioBased(settings.ratio))
        self._provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{settings.endpoint.rstrip('/')}/v1/traces", timeout=_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("stancewire", VERSION)
        self._format = TraceContextTextMapPropagator()

    def shut_down(self) -> None:
        """Send what is left and end the thread."""
        self._provider.shutdown()

    @contextmanager
    def span(
        self, name: str, kind: Kind, attributes: Attributes | None, traceparent: str | None = None
    ) -> Iterator[None]:
        """Record the block as a span of the current trace, or of that of ``traceparent``."""
        with self._tracer.start_as_current_span(
            name,
            context=self._context(traceparent),
            kind=_KINDS[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            try:
                yield
            except Exception as error:
                current.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def past_span(
        self, name: str, began_ms: float, ended_ms: float, attributes: Attributes | None, traceparent: str | None
    ) -> None:
        """Record a span that is over."""
        span = self._tracer.start_span(
            name, context=self._context(traceparent), attributes=attributes, start_time=int(began_ms * _NS)
        )
        span.end(int(ended_ms * _NS))

    def describe(self, attributes: Attributes, name: str | None, error: str | None) -> None:
        """Add to the current span."""
        current = trace.get_current_span()
        current.set_attributes(dict(attributes))
        if name is not None:
            current.update_name(name)
        if error is not None:
            current.set_status(Status(StatusCode.ERROR, error))

    def is_recording(self) -> bool:
        """Whether the current span is exported."""
        return trace.get_current_span().is_recording()

    def traceparent(self) -> str | None:
        """Return the current span's context as a header has it."""
        if not self.is_recording():
            return None
        carrier: dict[str, str] = {}
        self._format.inject(carrier)
        return carrier["traceparent"]

    def trace_id(self) -> str | None:
        """Return the current trace's ID."""
        return (
            trace.format_trace_id(trace.get_current_span().get_span_context().trace_id) if self.is_recording() else None
        )

    def _context(self, traceparent: str | None) -> Context | None:
        """Return the context of ``traceparent``; one that is not valid begins a trace of its own."""
        return None if traceparent is None else self._format.extract({"traceparent": traceparent})
