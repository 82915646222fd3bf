"""Has every conversation over a socket written into the log."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from pipeline.events import AudioReceived, Input, Output
from pipeline.session_log import Closed, Entered, Left, Opened
from voice_server.conversations.configuration import config_json
from voice_server.conversations.entry import Header, conversation_id_of
from voice_server.conversations.facts import Configured
from voice_server.conversations.items import Items
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
        record = ConversationRecord(self._log.open(header), began_at)
        record.begin(config)
        return record

    def resume(
        self, header: Header, epoch: int, last_sequence: int, items: Items, config: SessionConfig
    ) -> "ConversationRecord":
        """The record of a conversation that goes on; `items`: what its log comes to."""
        writer = self._log.open(header, epoch=epoch, last_sequence=last_sequence, items=items)
        record = ConversationRecord(writer, self._now() - items.at, at=items.at)
        record.go_on(config)
        return record


class ConversationRecord:
    """One conversation over one socket; see `call.Record`."""

    def __init__(self, writer: ConversationWriter, began_at: float, *, at: float = 0.0) -> None:
        """`began_at`: of its session, seconds since 1970. `at`: of its session, when this begins."""
        self.writer = writer
        self._wall_time = began_at
        self._now = asyncio.get_running_loop().time
        self._began_at = self._now() - at

    def begin(self, config: SessionConfig) -> None:
        """A session begins."""
        self._began_at = self._now()
        self.go_on(config)
        self.configured(config)

    def go_on(self, config: SessionConfig) -> None:
        """What follows came over another connection."""
        self.writer.note(Opened(config.session_id, config.model, config.settings, self._wall_time))

    def entered(self, event: Input) -> None:
        """See Observer."""
        if isinstance(event, AudioReceived):
            self.writer.heard(len(event.samples), self._now() - self._began_at)
        else:
            self.writer.note(Entered(self._now() - self._began_at, event))

    def left(self, output: Output) -> int:
        """See Record."""
        return self.writer.note(Left(self._now() - self._began_at, output))

    def told(self, events: int) -> None:
        """See Record."""
        self.writer.told(events)

    def configured(self, config: SessionConfig) -> int:
        """See Record."""
        return self.writer.note(Configured(self._now() - self._began_at, config_json(config)))

    def ended(self, close_code: int) -> None:
        """See Observer."""
        self.writer.note(Closed(self._now() - self._began_at, f"closed with {close_code}"))
        self.writer.end()

    async def safe(self, number: int) -> bool:
        """See Record."""
        return await self.writer.durable(number)
