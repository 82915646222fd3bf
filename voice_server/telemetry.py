"""Everything that watches conversations: metrics always; lines for CloudWatch, spans and session logs where the
settings want them."""

from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from voice_server.background import running
from voice_server.call import Observer
from voice_server.http.admission import Admission
from voice_server.metrics import Metrics
from voice_server.observers import Observers
from voice_server.service_metrics import ServiceMetrics
from voice_server.session_logs import SessionLogs
from voice_server.settings import ServerSettings
from voice_server.stages import Stages
from voice_server.wire.session_config import SessionConfig

if TYPE_CHECKING:
    from voice_server.tracing import Tracing


class Telemetry:
    """Gives every conversation its observers. `async with` opens what must be open for that."""

    def __init__(self, settings: ServerSettings, stages: Stages, metrics: Metrics, admission: Admission) -> None:
        self._endpoint = settings.otel_exporter_otlp_endpoint
        self._stages = stages
        self._metrics = metrics
        self._tracing: Tracing | None = None
        self._service: ServiceMetrics | None = None
        if settings.service_metrics_namespace:
            self._service = ServiceMetrics(settings.service_metrics_namespace, settings.service_name, admission)
        self._logs: SessionLogs | None = None
        if settings.session_log_dir is not None:
            self._logs = SessionLogs(settings.session_log_dir, with_audio=settings.session_log_audio)
            metrics.add(self._logs.metrics)
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Raises OSError if the folder of the session logs cannot be made."""
        if self._logs is not None:
            await self._resources.enter_async_context(self._logs)
        if self._service is not None:
            # Beside the log's own lines, because CloudWatch reads only those that are such metrics and nothing else.
            write = partial(print, flush=True)
            await self._resources.enter_async_context(running("service metrics", partial(self._service.run, write)))
        if self._endpoint:
            from voice_server.tracing import open_tracing  # noqa: PLC0415 -- its packages are an extra

            self._tracing = await self._resources.enter_async_context(open_tracing(self._endpoint))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write and send what is left."""
        await self._resources.aclose()

    def observer(self, config: SessionConfig, assistant: str, own: Stages | None) -> Observer:
        """Who watches this conversation.

        `assistant`: the server's own that it is held with, whatever it is called. `own`: the tenant's; None: it is held
        with the server's.
        """
        observers: list[Observer] = [self._metrics.observer(assistant)]
        if self._service is not None:
            observers.append(self._service)
        if self._tracing is not None:
            providers = _names(own or self._stages, assistant) | {"account": "tenant" if own else "server"}
            observers.append(self._tracing.observer(config.session_id, assistant, providers))
        if self._logs is not None:
            observers.append(self._logs.observer(config))
        return observers[0] if len(observers) == 1 else Observers(observers)


def _names(stages: Stages, assistant: str) -> dict[str, str]:
    return {
        "stt": stages.speech_to_text.name,
        "llm": stages.language_models[assistant].name,
        "tts": stages.text_to_speech.name,
    }
