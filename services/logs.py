"""Structured logs: JSON lines for machines, readable lines on a terminal. Bodies and keys are never logged (docs/logs.md)."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Final

import structlog

from services.errors import StancewireError
from services.settings import Log

# A line for each task or request tells operators nothing; and what celery.app.trace says of a failed task quotes whatever the
# exception quoted: workers.host.celery_worker says it instead.
_QUIETER: Final = {
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "celery.app.trace": logging.CRITICAL + 1,
    "celery.worker.strategy": logging.WARNING,
    "trafilatura": logging.WARNING,
    "py3langid": logging.WARNING,
}
_TELLING: Final = ("StancewireError", "OSError", "ImportError", "SQLAlchemyError", "RedisError", "OperationalError")
_SECRET: Final = re.compile(r"(swk_[0-9a-f]{12}_)[0-9a-f]+")


class _WithoutKeys(structlog.stdlib.ProcessorFormatter):
    """The last guard: nothing of ours logs a key, and if something else does, in a traceback, its secret is cut out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        return _SECRET.sub(r"\1…", super().format(record))


def configure(settings: Log, process: str) -> None:
    """Set up logging of this process, standard library and warnings included; ``process`` stands on each line."""

    def named(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line["process"] = process  # not a context variable: a thread begins without them
        return line

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(_exception),
    ]
    for_people = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    rendering = structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _WithoutKeys(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level)
    for name, level in _QUIETER.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _exception(exc_info: structlog.typing.ExcInfo) -> str:
    """Where an exception came from, cause by cause, and what it was; what it said only if that cannot quote an article.

    Any other exception may carry a word, a line or all of the text that was being read; where it was a job's, the ledger keeps
    what it said as the job's reason.
    """
    parts: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(
            f"{frames}{type(error).__name__}: {error}" if _telling(error) else f"{frames}{type(error).__name__}"
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nfrom:\n".join(parts)


def _telling(error: BaseException) -> bool:
    return isinstance(error, StancewireError) or any(kind.__name__ in _TELLING for kind in type(error).__mro__)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("services.logs").critical("process_ends", exc_info=(kind, error, trace))


def _uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not issubclass(failed.exc_type, SystemExit):
        name = failed.thread.name if failed.thread else None
        structlog.get_logger("services.logs").critical("thread_ends", thread=name, exc_info=failed.exc_value)
