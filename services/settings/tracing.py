"""Settings of traces."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from services.settings.group import Group


def _check_address(url: str) -> str:
    """Refuse an address that is not of a collector's OTLP over HTTP."""
    if url:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("is not an address of OTLP over HTTP, such as http://127.0.0.1:4318")
    return url


class Tracing(Group):
    """Traces of articles by OpenTelemetry. They need the extra `tracing`."""

    endpoint: Annotated[str, AfterValidator(_check_address)] = Field(
        "",
        description="Collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`; `/v1/traces` is added. "
        "Empty turns traces off. Headers that it asks for: `OTEL_EXPORTER_OTLP_HEADERS`.",
    )
    ratio: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Share of requests that are traced. A request that says by its `traceparent` header whether it "
        "is part of a trace is followed in that.",
    )
