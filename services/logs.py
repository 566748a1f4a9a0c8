"""Structured logs: JSON lines, or readable lines on a terminal. Bodies and keys are never logged (docs/logs.md)."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Final

import structlog

from services import tracing
from services.errors import StancewireError
from services.log_repeats import RepeatFilter
from services.settings import Log

# Lines for each task or request do not help operators. The message of celery.app.trace about a failed task may quote an
# article, so workers.host.celery_worker logs the failure instead.
_LEVELS: Final = {
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "celery.app.trace": logging.CRITICAL + 1,
    "celery.worker.strategy": logging.WARNING,
    "celery.worker.consumer.connection": logging.WARNING,
    "trafilatura": logging.WARNING,
    "py3langid": logging.WARNING,
}
# Exceptions whose message cannot quote an article, by the name of a class in their MRO.
_SAFE_EXCEPTIONS: Final = (
    "StancewireError",
    "OSError",
    "ImportError",
    "SQLAlchemyError",
    "RedisError",
    "OperationalError",
)
_KEY: Final = re.compile(r"(swk_[0-9a-f]{12}_)[0-9a-f]+")


class _KeyRedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Replaces the secret of any key in a line. Our own code logs no keys; a traceback of a library might."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line to write."""
        return _KEY.sub(r"\1…", super().format(record))


def configure(settings: Log, process: str) -> None:
    """Set up logging of this process, including the standard library and warnings; each line names ``process``."""

    def add_process(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process  # not a context variable, as new threads do not inherit those
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_process,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(_format_exception),
    ]
    is_readable = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if is_readable else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _KeyRedactingFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _add_trace(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    trace = tracing.trace_id()
    if trace is not None:
        event["trace"] = trace
    return event


def _format_exception(exc_info: structlog.typing.ExcInfo) -> str:
    """Return the stack and the class of an exception and of each of its causes.

    The message is added only if it cannot quote an article. Any other message may contain a word, a line or all of the
    text that was being read. For a failed job, the ledger keeps the message as the reason of the job.
    """
    parts: list[str] = []
    error: BaseException | None = exc_info[1]
    visited: set[int] = set()
    while error is not None and id(error) not in visited:
        visited.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        message = f": {error}" if _is_safe(error) else ""
        parts.append(f"{frames}{type(error).__name__}{message}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nfrom:\n".join(parts)


def _is_safe(error: BaseException) -> bool:
    """Whether the message of an exception cannot quote an article."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, StancewireError) or not names.isdisjoint(_SAFE_EXCEPTIONS)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("services.logs").critical("process_ends", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread else None
        structlog.get_logger("services.logs").critical("thread_ends", thread=name, exc_info=args.exc_value)
