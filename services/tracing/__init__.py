"""Traces by OpenTelemetry, from a push over the queue to the stored result (decision 28).

Off unless ``tracing.endpoint`` is set; then the extra ``tracing`` is needed. While off, every function here returns at
once. The context of a trace passes from the API to the worker in the job's row, as W3C Trace Context writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

from services.settings import Tracing

if TYPE_CHECKING:
    from services.tracing.exporter import Exporter

Attributes = Mapping[str, str | int | float]
Kind = Literal["internal", "server", "consumer"]

_exporter: Exporter | None = None


def configure(settings: Tracing, process: str) -> None:
    """Have this process export its spans if the settings ask for it. Call it after a fork: it starts a thread.

    Raises ``ModuleNotFoundError`` if the extra ``tracing`` is not installed.
    """
    global _exporter  # noqa: PLW0603 -- of the whole process, like the settings of logs
    shut_down()
    if settings.endpoint:
        from services.tracing.exporter import Exporter

        _exporter = Exporter(settings, process)


def require(settings: Tracing) -> None:
    """Raise ``ModuleNotFoundError`` where `configure` would, without starting anything."""
    if settings.endpoint:
        import services.tracing.exporter  # noqa: F401


def shut_down() -> None:
    """Send what has not been sent, waiting for a few seconds, and export nothing from now on."""
    global _exporter
    exporter, _exporter = _exporter, None
    if exporter is not None:
        exporter.shut_down()


def span(name: str, attributes: Attributes | None = None, *, kind: Kind = "internal") -> AbstractContextManager[None]:
    """Return a context manager that records a step of the current trace; outside of a trace it does nothing."""
    if _exporter is None or not _exporter.is_recording():
        return nullcontext()
    return _exporter.span(name, kind, attributes)


def request(name: str, traceparent: str | None) -> AbstractContextManager[None]:
    """Return a context manager for a request, which begins a trace or continues that of its ``traceparent`` header."""
    return nullcontext() if _exporter is None else _exporter.span(name, "server", None, traceparent)


@contextmanager
def continued(traceparent: str | None, name: str, attributes: Attributes) -> Iterator[None]:
    """Record a step in another process of the trace that a job carries; a job without one is not traced."""
    if _exporter is None or traceparent is None:
        yield
        return
    with _exporter.span(name, "consumer", attributes, traceparent):
        yield


def past_span(
    name: str, began_ms: float, ended_ms: float, attributes: Attributes | None = None, traceparent: str | None = None
) -> None:
    """Record a step that is over, in the current trace or in that of ``traceparent``. Times are ms since 1970."""
    if _exporter is not None and (traceparent is not None or _exporter.is_recording()):
        _exporter.past_span(name, began_ms, ended_ms, attributes, traceparent)


def describe(attributes: Attributes, *, name: str | None = None, error: str | None = None) -> None:
    """Add attributes to the current span; a ``name`` replaces its own, an ``error`` marks it as failed."""
    if _exporter is not None:
        _exporter.describe(attributes, name, error)


def traceparent() -> str | None:
    """Return the context of the current span for another process, or None if it is not exported."""
    return None if _exporter is None else _exporter.traceparent()


def trace_id() -> str | None:
    """Return the ID of the current trace (32 hexadecimal digits), or None if it is not exported."""
    return None if _exporter is None else _exporter.trace_id()


def exemplar() -> dict[str, str] | None:
    """Return the current trace as the exemplar of an observation, under the name that Grafana expects, or None."""
    trace = trace_id()
    return None if trace is None else {"trace_id": trace}
