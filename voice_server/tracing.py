"""One OpenTelemetry span for every turn, its stages as children, sent to a collector over OTLP/HTTP.

A span begins at the user's last word and ends with the answer's first sound. It says how long things took and how they
ended, and nothing of what was said. Spans are sent by a thread of their own, many at a time; what the collector does
not take in time is dropped there, and no conversation waits for it. Only imported where spans are wanted, because its
packages are an extra.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, StatusCode, Tracer, set_span_in_context

from pipeline.events import Input, Output, ReplyFinished, ReplyStatus, TurnMeasured, UtteranceCommitted

FLUSH_SECONDS = 3.0
"""How long a server that stops waits for the collector."""
MAX_WAITING = 16
"""Turns of one session of which only a part is known yet."""

_Value = TypeVar("_Value")

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_tracing(endpoint: str) -> AsyncIterator["Tracing"]:
    """Send spans to the collector at `endpoint`, such as http://localhost:4318; the last ones on the way out.

    Headers, the name of the service and the like come from OpenTelemetry's own variables.
    """
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=FLUSH_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Tracing(provider.get_tracer("voice_server"))
    finally:
        await _close(provider)


def _resource() -> Resource:
    named = Resource.create()
    is_named = not str(named.attributes[SERVICE_NAME]).startswith("unknown_service")
    return named if is_named else Resource.create({SERVICE_NAME: "voice-server"})


async def _close(provider: TracerProvider) -> None:
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()

    def close() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(closed.set)

    # A daemon, unlike the threads of asyncio: a collector that does not answer must not keep the server from stopping.
    threading.Thread(target=close, name="spans", daemon=True).start()
    try:
        async with asyncio.timeout(FLUSH_SECONDS + 1):
            await closed.wait()
    except TimeoutError:
        _log.warning("spans lost", reason="the collector did not take the last spans in time")


class Tracing:
    """Makes the observers of sessions."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def observer(self, session_id: str, assistant: str, providers: Mapping[str, str]) -> "SessionSpans":
        """Makes the spans of one session. `providers`: names by stage, and on whose `account` they are asked."""
        attributes = {
            "voice.session": session_id,
            "voice.assistant": assistant,
            **{f"voice.provider.{stage}": name for stage, name in providers.items()},
        }
        return SessionSpans(self._tracer, attributes)


class SessionSpans:
    """The turns of one session. A turn is told when both its times and its end are known, whichever comes first."""

    def __init__(self, tracer: Tracer, attributes: Mapping[str, str]) -> None:
        self._tracer = tracer
        self._attributes = attributes
        self._committed_at: dict[str, float] = {}
        """By the user's item, in seconds since 1970, as all times here."""
        self._measured: dict[str, tuple[TurnMeasured, float]] = {}
        """By reply, with the time of the user's last word: turns whose reply goes on."""
        self._finished: dict[str, tuple[ReplyFinished, float]] = {}
        """By reply, with the time of its end: those that were not measured, or not yet."""

    def entered(self, event: Input) -> None:
        """See Observer; spans come from what leaves."""

    def left(self, output: Output) -> None:
        """See Observer."""
        match output:
            case UtteranceCommitted(item_id):
                self._tell_failures()
                _remember(self._committed_at, item_id, time.time())
            case TurnMeasured(reply_id=reply_id) if output.spans:
                last_word_at = self._last_word_at(output)
                if reply_id in self._finished:
                    self._tell(output, last_word_at, self._finished.pop(reply_id)[0].status)
                else:
                    _remember(self._measured, reply_id, (output, last_word_at))
            case ReplyFinished(reply_id, status):
                if reply_id in self._measured:
                    self._tell(*self._measured.pop(reply_id), status)
                else:
                    _remember(self._finished, reply_id, (output, time.time()))

    def ended(self, _close_code: int) -> None:
        """See Observer."""
        for turn, last_word_at in self._measured.values():
            self._tell(turn, last_word_at, "cancelled")
        self._measured.clear()
        self._tell_failures()

    def _last_word_at(self, turn: TurnMeasured) -> float:
        committed_at = self._committed_at.pop(turn.item_id, None)
        if committed_at is None:
            return time.time() - turn.spans[-1].end_seconds
        return committed_at - turn.committed_seconds

    def _tell(self, turn: TurnMeasured, last_word_at: float, status: ReplyStatus) -> None:
        span = self._start(turn.reply_id, status, last_word_at)
        span.set_attributes(
            {
                "voice.item": turn.item_id,
                "voice.turn.committed_seconds": turn.committed_seconds,
                "voice.turn.wasted_guesses": turn.waste.guesses,
                "voice.turn.wasted_tokens": turn.waste.tokens,
            }
        )
        inside = set_span_in_context(span)
        for stage in turn.spans:
            child = self._tracer.start_span(
                stage.name, inside, start_time=_nanoseconds(last_word_at + stage.start_seconds)
            )
            child.end(_nanoseconds(last_word_at + stage.end_seconds))
        span.end(_nanoseconds(last_word_at + turn.spans[-1].end_seconds))

    def _tell_failures(self) -> None:
        """Replies that failed before they could be heard, and so were never measured."""
        for reply, finished_at in self._finished.values():
            if reply.status == "failed":
                began_at = max((at for at in self._committed_at.values() if at <= finished_at), default=finished_at)
                span = self._start(reply.reply_id, reply.status, began_at)
                if reply.error is not None:
                    span.set_attribute("voice.error", reply.error.code)
                span.end(_nanoseconds(finished_at))
        self._finished.clear()

    def _start(self, reply_id: str, status: ReplyStatus, at: float) -> Span:
        attributes = {**self._attributes, "voice.reply": reply_id, "voice.reply.status": status}
        # An empty context: whatever span may be open around the server's code is not the parent of a turn.
        span = self._tracer.start_span("voice.turn", Context(), attributes=attributes, start_time=_nanoseconds(at))
        if status == "failed":
            span.set_status(StatusCode.ERROR)
        return span


def _nanoseconds(at: float) -> int:
    return int(at * 1_000_000_000)


def _remember(known: dict[str, _Value], key: str, value: _Value) -> None:
    known[key] = value
    if len(known) > MAX_WAITING:
        del known[next(iter(known))]
