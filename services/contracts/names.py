"""The names that processes share."""

from __future__ import annotations

from enum import StrEnum


class QueueName(StrEnum):
    """Celery queues. The deployment's ``-Q`` lists must equal these (``tests/unit/deployment/test_deployment.py``)."""

    ANALYSE = "stancewire.analyse"


class TaskName(StrEnum):
    """Celery tasks: the API sends them by name and so never imports the model."""

    ANALYSE = "stancewire.analyse_jobs"
