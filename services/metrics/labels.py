"""The values that the labels of metrics may have, which bound the number of series."""

from __future__ import annotations

from typing import Final

from services.dispatch.store_watch import Store
from services.errors import StoreFault
from services.maintenance.retention_steps import KINDS as RETENTION_KINDS
from services.sources.records import SourceKind, SourceState

# Refusals that the sender did not cause; `StancewireIntakeRefuses` watches them.
CAPACITY_CODES: Final = ("feed_queue_full", "backlog_too_long", "backlog_too_old", "disk_full", "store_unavailable")
PAUSE_CODES: Final = ("feed_paused", "intake_paused")  # an operator's decision: no alert
OTHER_FEEDS: Final = "_other"  # not a valid name of a feed

# In words, for docs/metrics.md.
LABEL_VALUES: Final = {
    "feed": "the first feeds that pushed, `STANCEWIRE_METRICS__FEEDS` of them (100); "
    f"all others together are `{OTHER_FEEDS}`",
    "paused": "the feeds that an operator paused; `*` is all intake",
    "kept": f"the kinds of data that retention removes: {', '.join(f'`{kind.name}`' for kind in RETENTION_KINDS)}",
    "state": "the states of a job; for the backlog `held`, `queued`, `running` and `dead`",
    "cause": "the causes for which the code drops a message",
    "reason": "the reasons for which the code ends an attempt without a result",
    "code": "the problem codes in the code (`type` in an error's body ends in it)",
    "method": "the HTTP methods; any other word is `other`",
    "route": "the routes of the application, never the path; `none` for a path without a route",
    "status": "the status codes that the application responds with",
    "stage": "the stages of the pipeline; `reused` for an article that got a stored analysis (`stories.reuse`)",
    "outcome": "`succeeded`, `failed`, `retried`, `dead`, `lease_lost`",
    "kind": "`read`, `write`",
    "source": ", ".join(f"`{kind}`" for kind in SourceKind),
    "does": ", ".join(f"`{state}`" for state in SourceState),
    "webhooks": "`enabled`, `failing`, `disabled`",
    "event": "the types of events (`services.contracts.event`)",
    "delivery": "`delivered`, `retried`, `failed` (given up)",
    "store": ", ".join(f"`{store}`" for store in Store),
    "fault": ", ".join(f"`{fault}` ({fault.description})" for fault in StoreFault),
    "queue_name": "the queues; there is one",
    "name": "the tasks; there is one",
    "exception": "the classes of the exceptions that a task raises",
    "version": "the running version",
    "model": "all models that were ever used; for a process, the loaded one",
}
