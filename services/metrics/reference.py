"""Generator of ``docs/metrics.md`` from the catalogue; ``make reference`` runs it, and a test compares the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.metrics.catalogue import METRICS
from services.metrics.declaration import Kind, MetricDeclaration, Origin
from services.metrics.labels import LABEL_VALUES

_SECTIONS: Final = {
    Origin.LEDGER: """\
## The ledger

Counters change in the transaction that they count, so that killed processes, restarts and pruning do not reduce them.
Every API process shows the same values: take the maximum over instances (`max by (feed) (rate(…))`), never the sum.""",
    Origin.STORES: """\
## The stores

Measured by each API process at the scrape.""",
    Origin.API: """\
## API processes

Counted in each process since it started: take the sum over instances. `process_*` (memory, CPU, open files) come from
the client library.""",
    Origin.WORKER: """\
## Worker hosts

Served on the port `STANCEWIRE_WORKER__METRICS_PORT`, which is off until it is set. Counted in one file per slot: a
child that replaces a killed one continues its counts; a restart of the host begins at 0. `process_*` are those of the
parent.""",
}
_TITLE: Final = """\
# Metrics

Generated from `services/metrics/catalogue.py` and `labels.py` by `make reference`: edit them, not this page. The
[runbook](runbook.md) says what to do when a metric looks wrong, and
[decision 6](decisions/0006-metrics-under-prefork.md) why each metric is counted where it is."""


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _TITLE
    for origin, introduction in _SECTIONS.items():
        yield from ("", introduction, "", "| metric | type | labels | meaning |", "|---|---|---|---|")
        for declaration in METRICS:
            if declaration.origin is origin:
                yield _row(declaration)
    yield from ("", "## Labels", "", "No label is unbounded.", "", "| label | values |", "|---|---|")
    for label, values in LABEL_VALUES.items():
        yield f"| `{label}` | {values} |"
    yield from ("", "## Buckets", "", "Upper bounds in seconds.", "", "| histogram | buckets |", "|---|---|")
    for declaration in METRICS:
        if declaration.kind is Kind.HISTOGRAM:
            yield f"| `{declaration.name}` | {', '.join(f'{bound:g}' for bound in declaration.buckets)} |"


def _row(declaration: MetricDeclaration) -> str:
    labels = ", ".join(f"`{label}`" for label in declaration.labels)
    return f"| `{declaration.name}` | {declaration.kind} | {labels} | {declaration.meaning} |"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- the page is the command's output
