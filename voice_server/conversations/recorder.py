"""Has every conversation over a socket written into the log."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from pipeline.events import Input, Output
from pipeline.session_log import Closed, Entered, Left, Opened
from voice_server.conversations.configuration import config_json
from voice_server.conversations.entry import Header
from voice_server.conversations.facts import Configured, LogFact, is_promise
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.voice_socket import Principal
from voice_server.wire.session_config import SessionConfig


class Recorder:
    """Makes the records; `record` is for VoiceSocket."""

    def __init__(self, log: ConversationLog, now: Callable[[], float] = time.time) -> None:
        self._log = log
        self._now = now

    def record(
        self, config: SessionConfig, principal: Principal, *, customer_id: UUID | None = None
    ) -> "ConversationRecord":
        """The record of a new conversation. `customer_id`: who speaks, where that is known."""
        began_at = self._now()
        header = Header(
            id=conversation_id_of(config.session_id),
            tenant_id=principal.tenant_id,
            owner=principal.name,
            assistant=config.model,
            channel="realtime",
            began_at=began_at,
            customer_id=customer_id,
            language=config.settings.language,
        )
        record = ConversationRecord(self._log.open(header))
        record.note(Opened(config.session_id, config.model, config.settings, began_at))
        record.configured(config)
        return record


class ConversationRecord:
    """One conversation over one socket; see `voice_socket.Record`."""

    def __init__(self, writer: ConversationWriter) -> None:
        self.writer = writer
        self._began_at = _now()
        self._promised = 0
        """The number up to which everything has to be safe."""

    def note(self, fact: LogFact) -> None:
        """Take a fact that is none of the session's."""
        self.writer.note(fact)

    def entered(self, event: Input) -> None:
        """See Observer."""
        self.writer.note(Entered(_now() - self._began_at, event))

    def left(self, output: Output) -> None:
        """See Observer."""
        number = self.writer.note(Left(_now() - self._began_at, output))
        if is_promise(output):
            self._promised = number

    def configured(self, config: SessionConfig) -> None:
        """See Record."""
        self._promised = self.writer.note(Configured(_now() - self._began_at, config_json(config)))

    def ended(self, close_code: int) -> None:
        """See Observer."""
        self.writer.note(Closed(_now() - self._began_at, f"closed with {close_code}"))
        self.writer.end()

    async def safe(self) -> bool:
        """See Record."""
        return await self.writer.durable(self._promised)


def conversation_id_of(session_id: str) -> str:
    """The conversation that a session begins has its name."""
    return f"conv_{session_id.removeprefix('sess_')}"


def _now() -> float:
    return asyncio.get_running_loop().time()
