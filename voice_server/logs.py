"""Logs: one line per event, for people in a terminal and as JSON elsewhere. Secrets and transcripts are not logged."""

import logging
import sys
from typing import Literal

import orjson
import structlog
from structlog.typing import Processor


def configure_logs(level: str, log_format: Literal["auto", "console", "json"]) -> None:
    """Send structlog's and the standard library's events from `level` upwards to standard error."""
    for_people = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, for_people=for_people))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # A line for each request would drown the ones about conversations.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    # For debugging it writes the headers of every handshake, and with them keys of providers.
    logging.getLogger("websockets").setLevel(max(logging.INFO, logging.getLogger().level))


def _formatter(shared: list[Processor], *, for_people: bool) -> logging.Formatter:
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if for_people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_as_json)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _as_json(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
