"""The sections of the runbook that name what is broken by a fault and mend it, without "Stancewire" before them.

A fault of which nobody has to learn has none.
"""

from __future__ import annotations

from typing import Final

_DATABASE = ("LedgerDown", "DatabaseFault", "StoreErrors")
_REDIS = ("RedisDown", "RedisFault", "StoreErrors")
_LOST = ("LeasesLost", "MessagesLost")
_PARTS = ("ApiDown", "WorkersMissing", "WorkerDown", "SweeperMissing")

SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "api": ("ApiDown",),
    "child": _LOST,
    "main": (*_LOST, "WorkersMissing", "WorkerDown"),
    "sweeper": ("SweeperMissing", "MessagesLost"),
    "everything": _PARTS,
    "flush": ("MessagesLost",),
    "frozen": _REDIS,
    "redis": (*_REDIS, "MessagesLost"),
    "full": (*_REDIS, "RedisMemory"),
    "postgres": _DATABASE,
    "locked": _DATABASE,
    "disk": (*_DATABASE, "DiskFull", "IntakeRefuses"),
    "poison": (*_LOST, "DeadLetters"),
    "soft": ("DeadLetters",),
    "hard": (*_LOST, "DeadLetters"),
    "clock": _LOST,
    "sweepers": _LOST,
    "readonly": _DATABASE,
    "connections": _DATABASE,
    "failover": _DATABASE,
    "timeouts": _DATABASE,
    "newer": ("SchemaNewer",),
    "mounted": _DATABASE,
    "backends": _DATABASE,
    "idle": _DATABASE,
    "counters": _DATABASE,
    "link-postgresql-delay": ("DatabaseSlow",),
    "link-postgresql-swallow": _DATABASE,
    "link-postgresql-reset": _DATABASE,
    "link-redis-delay": ("RedisSlow",),
    "link-redis-swallow": _REDIS,
    "link-redis-reset": _REDIS,
    "type": _REDIS,
    "permission": _REDIS,
    "replica": _REDIS,
    "unsaved": _REDIS,
    "junk": ("ForeignMessages",),
    "stopped-child": (*_LOST, "QueueStuck"),
    "stopped-worker": (*_LOST, "WorkersMissing", "WorkerDown"),
    "stopped-sweeper": ("SweeperMissing",),
    "stopped-api": ("ApiDown",),
    "descriptors-api": ("ApiDown", *_DATABASE),
    "descriptors-worker": ("WorkersMissing", "WorkerDown", *_DATABASE),
    "memory": _LOST,
    "forward": (*_PARTS, *_LOST),
    "random": (*_PARTS, *_LOST),
}
