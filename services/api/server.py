"""The HTTP server of an API process: uvicorn, which ends streams and waiting requests on the signal to stop."""

from __future__ import annotations

from types import FrameType

import uvicorn

from services.api.result_watch import ResultWatch


class Server(uvicorn.Server):
    """A server that does not wait for streams that would go on for an hour."""

    def __init__(self, config: uvicorn.Config, watch: ResultWatch) -> None:
        """Bind the watch that all of them wait on."""
        super().__init__(config)
        self._watch = watch

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Have streams end with their next look at the ledger, and begin to stop."""
        self._watch.ending = True
        super().handle_exit(sig, frame)
