"""Structured logs, one JSON line each, on standard output. Secrets and personal data never get there: `redaction`."""

import logging
import sys
from typing import Any, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from servicekit.redaction import Redactor
from servicekit.settings import ServiceSettings
from servicekit.telemetry.current import request_context


def get_logger() -> FilteringBoundLogger:
    """The logger: `get_logger().info("order_found", ms=3)`. Events are names, facts are fields."""
    return cast(FilteringBoundLogger, structlog.get_logger())


def _add_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    context = request_context()
    if context is not None:
        event.setdefault("request_id", context.request_id)
        event.setdefault("trace_id", context.trace_id)
    return event


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def processors(service: str, redactor: Redactor) -> list[Processor]:
    """What each record goes through before it is rendered. Redaction comes last, so nothing is added behind it."""

    def add_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_service,
        _add_request,
        structlog.processors.format_exc_info,
        redactor.event,
    ]


def configure_logging(settings: ServiceSettings) -> None:
    """Sends our own and the libraries' records through the same processors. Called once, by the composition root."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    shared = processors(settings.service, Redactor.load())
    console = settings.log_format == "console"
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
        if console
        else structlog.processors.JSONRenderer(serializer=_dumps)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("uvicorn.error").setLevel(max(level, logging.INFO))
