"""The page ``docs/metrics.md``, made from the catalogue: ``make metrics-docs`` writes it, a test compares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.metrics.catalogue import LABEL_VALUES, METRICS
from services.metrics.declaration import Kind, MetricDeclaration, Origin

_SECTIONS: Final = {
    Origin.LEDGER: """\
## The ledger

Counted in the transactions themselves, so that no killed process, restart or pruning turns them back. Every API process shows
the same: take the maximum over instances (`max by (feed) (rate(…))`), never the sum.""",
    Origin.STORES: """\
## The stores

As each API process sees them at the scrape.""",
    Origin.API: """\
## API processes

Counted in each process since it started: take the sum over instances. `process_*` (memory, CPU, open files) come from the
client library.""",
    Origin.WORKER: """\
## Worker hosts

On the port `STANCEWIRE_WORKER__METRICS_PORT`, which is off until it is set. Counted in files by slot: a child that replaces a
killed one counts on, a restart of the host begins anew. `process_*` are the parent's.""",
}
_TITLE: Final = """\
# Metrics

Made from `services/metrics/catalogue.py` by `make metrics-docs`; change it there. What to do when one of them looks wrong is in
the [runbook](runbook.md); why they are counted where they are, in [decision 6](decisions/0006-metrics-under-prefork.md)."""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _TITLE
    for origin, introduction in _SECTIONS.items():
        yield from ("", introduction, "", "| metric | type | labels | meaning |", "|---|---|---|---|")
        for declared in METRICS:
            if declared.origin is origin:
                yield _row(declared)
    yield from ("", "## Labels", "", "No label is unbounded.", "", "| label | its values |", "|---|---|")
    for label, bound in LABEL_VALUES.items():
        yield f"| `{label}` | {bound} |"
    yield from ("", "## Buckets", "", "Upper bounds in seconds.", "", "| histogram | buckets |", "|---|---|")
    for declared in METRICS:
        if declared.kind is Kind.HISTOGRAM:
            yield f"| `{declared.name}` | {', '.join(f'{bound:g}' for bound in declared.buckets)} |"


def _row(declared: MetricDeclaration) -> str:
    labels = ", ".join(f"`{label}`" for label in declared.labels)
    return f"| `{declared.name}` | {declared.kind} | {labels} | {declared.meaning} |"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- it is what the command is for
