"""Celery's consumer, patient with Redis: it keeps connecting whatever Redis answers, and the host stays announced."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, Final

import structlog
from celery.exceptions import CPendingDeprecationWarning
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu.exceptions import KombuError

from services.errors import BrokerUnavailable
from services.redis_client import REDIS_ERRORS, unavailable

log = structlog.get_logger(__name__)

_FIRST_WAIT_S: Final = 1
_LONGEST_WAIT_S: Final = 4  # well within a lease, so that work goes on soon after the repair


def patient_consumer(
    while_waiting: Callable[[], None], on_fault: Callable[[BrokerUnavailable], None]
) -> type[Consumer]:
    """Return the class of a consumer that waits for Redis without a limit.

    Celery's own ends the worker when Redis answers the first question with an error, and waits up to 30 s between
    attempts. ``while_waiting`` is called about once a second meanwhile, as the event loop does not run.
    """

    class PatientConsumer(Consumer):  # type: ignore[misc]  # Celery ships no types
        def ensure_connected(self, conn: Any) -> Any:
            """Return the connection once it is established."""
            while True:
                try:
                    connected = conn.ensure_connection(
                        lambda error, _interval: report(error),
                        None,
                        interval_start=_FIRST_WAIT_S,
                        interval_step=1,
                        interval_max=_LONGEST_WAIT_S,
                        callback=wait,
                    )
                except (KombuError, *REDIS_ERRORS) as error:  # an answer, but an error
                    report(error)
                    wait()
                    time.sleep(_FIRST_WAIT_S)
                else:
                    self.first_connection_attempt = False
                    self.broker_connection_retry_attempt = 0
                    return connected

        def on_connection_error_after_connected(self, exc: Exception) -> None:
            """Close the connection, and wait a little if the server is there: it would fail again at once."""
            report(exc)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CPendingDeprecationWarning)  # about a setting that we have set
                super().on_connection_error_after_connected(exc)
            if not isinstance(exc, self.connection_errors):
                wait()
                time.sleep(_FIRST_WAIT_S)

    def wait() -> None:
        maybe_shutdown()
        while_waiting()

    def report(error: BaseException) -> None:
        fault = unavailable("does not serve the worker", error)
        log.warning("redis_fault", fault=fault.fault, reason=fault.detail)
        on_fault(fault)

    return PatientConsumer
