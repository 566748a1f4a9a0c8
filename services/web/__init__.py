"""The HTTP application that carries the routes of ingest and results: errors, limits, waiting, health and metrics."""
