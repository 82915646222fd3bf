"""One reply of the assistant: words in as the model writes them, audio (or text) out; stopped only by cancelling it."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.delivery import Delivery
from pipeline.errors import ProviderError
from pipeline.events import ReplyAudio, ReplyFinished, ReplyText, Waste
from pipeline.items import Message, Speech, Status, Text, new_id
from pipeline.latency import Waterfall
from pipeline.playback import Playback
from pipeline.prepared import PreparedSpeech
from pipeline.providers.interfaces import TextToSpeech, VoiceOptions
from pipeline.settings import ReplyOptions, SessionSettings
from pipeline.speaking import Speaking, pieces, wait_for_the_ear
from pipeline.writing import BROKEN_OFF, Writing


@dataclass(slots=True)
class Reply:
    """One reply. `run` does everything; cancel its task and call `stop` to end it early."""

    id: str
    options: ReplyOptions
    """With nothing left open."""
    settings: SessionSettings
    session_id: str
    voice: TextToSpeech
    writing: Writing
    delivery: Delivery
    waterfall: Waterfall
    playback: Playback = field(default_factory=Playback)
    message: Message | None = None
    """The item that is spoken or written, once it has begun."""
    is_over: bool = False
    """Whether nothing of it will be made any more."""
    start: int = 0
    """The character of what is written at which it begins."""
    has_failed: bool = False
    _preface_characters: int = 0
    """What it said before it began: phrases that nobody wrote for it."""
    _speaking: Speaking | None = None
    _floor: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who says something: a phrase is not mixed with the voice."""
    _shown: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Say or show what is written. Raises ProviderError, after which `fail` is due."""
        if self.options.modality == "audio":
            await self._speak()
        else:
            await self._show()
        reason = await self.writing.ended()
        async with self._floor:
            # A phrase that was begun is said to its end. And while somebody perhaps speaks over it, it is not over:
            # they may interrupt it yet.
            await self.delivery.released()
        self._finish_message("incomplete" if reason in BROKEN_OFF else "completed")
        self._end(self._finished(reason))

    async def say(self, phrase: PreparedSpeech, *, is_last: bool = False) -> None:
        """Say a phrase: before what will be said, or after what was."""
        async with self._floor:
            if self._speaking and self._speaking.has_begun and not is_last:
                return
            before = " " if self.playback.text[-1:].strip() else ""
            await self._say(phrase.between(before, "" if is_last else " "))

    async def _say(self, phrase: PreparedSpeech) -> None:
        message = self._begin_message()
        start = self.playback.made_seconds
        self._preface_characters += len(phrase.text)
        for chunk in phrase.chunks:
            self.playback.made(0, tuple(piece.later(start) for piece in chunk.spoken))
            for piece in pieces(chunk):
                await wait_for_the_ear(self.playback, self.settings.max_lead_seconds)
                self.playback.made(len(piece.samples))
                text = "".join(spoken.text for spoken in piece.spoken)
                self.delivery.put(ReplyAudio(self.id, message.id, piece.samples, text))

    def fail(self, error: ProviderError) -> None:
        """End it because a provider failed."""
        self.has_failed = True
        self.writing.stop()
        self.delivery.release()
        self.playback.break_off()
        self.writing.finish_calls("incomplete")
        self._finish_message("incomplete")
        self._end(ReplyFinished(self.id, "failed", error=error, usage=self.writing.usage))

    def go_on_with(self, stopped: "Reply") -> None:
        """Say the rest of a reply that was stopped."""
        self.writing, self.start = stopped.writing, stopped.rest
        self.writing.go_on(self.delivery, self.start)

    def stop(self, reason: Literal["turn_detected", "client_cancelled"], *, for_good: bool) -> None:
        """End it because somebody wants no more of it; its task has been cancelled.

        If not `for_good`, the model writes on, for another reply that may go on with its words.
        """
        self.delivery.discard_audio()
        self.delivery.release()
        if for_good:
            self.writing.stop()
            self.writing.finish_calls("incomplete")
        else:
            self.writing.let_go()
        self._finish_message("incomplete")
        self._end(ReplyFinished(self.id, "cancelled", reason, usage=self.writing.usage))

    def forget(self) -> None:
        """It was a guess that nobody needs: it never was. Its task has been cancelled."""
        self.is_over = True
        self.writing.stop()
        self.delivery.close()

    @property
    def rest(self) -> int:
        """The character of what is written at which it would go on, now that it was cut."""
        heard = self.playback.heard_characters(self.playback.end_seconds)
        return self.start + max(0, heard - self._preface_characters)

    @property
    def waste(self) -> Waste:
        """What was made of it so far, if it was for nothing."""
        characters = self._speaking.given_characters if self._speaking else 0
        tokens = self.writing.usage.output_tokens or self.writing.delta_count
        return Waste(1, tokens, characters, self.playback.made_seconds)

    def _end(self, finished: ReplyFinished) -> None:
        self.is_over = True
        self.delivery.put(finished)
        self.delivery.close()

    def _finished(self, reason: str) -> ReplyFinished:
        usage = self.writing.usage
        match reason:
            case "length":
                return ReplyFinished(self.id, "incomplete", "max_output_tokens", usage=usage)
            case "content_filter":
                return ReplyFinished(self.id, "incomplete", "content_filter", usage=usage)
            case _:
                return ReplyFinished(self.id, "completed", usage=usage)

    async def _show(self) -> None:
        """Written replies: every delta leaves at once."""
        position = self.start
        while text := await self.writing.read(position):
            position += len(text)
            message = self._begin_message()
            self._mark("first_token", self.writing.first_token_at)
            self._shown.append(text)
            self.delivery.put(ReplyText(self.id, message.id, text))

    async def _speak(self) -> None:
        """Spoken replies: clauses go to the voice as they are written, its audio leaves as it is made."""
        options = VoiceOptions(self.session_id, self.options.voice, self.settings.language, self.settings.speed)
        self._speaking = speaking = Speaking(self.voice, options, self.writing, self.playback, self._floor, self.start)
        chunks = speaking.run(
            deadline_seconds=self.settings.first_audio_deadline_seconds,
            max_lead_seconds=self.settings.max_lead_seconds,
        )
        async with aclosing(chunks):
            async for piece in chunks:
                self._mark("first_token", self.writing.first_token_at)
                self._mark("first_clause", speaking.first_clause_at)
                self._mark("first_audio", asyncio.get_running_loop().time())
                message = self._begin_message()
                text = "".join(spoken.text for spoken in piece.spoken)
                self.delivery.put(ReplyAudio(self.id, message.id, piece.samples, text))

    def _begin_message(self) -> Message:
        if self.message is None:
            self.message = Message(new_id("item"), "assistant", (), "in_progress")
            self.delivery.begin(self.message)
        return self.message

    def _finish_message(self, status: Status) -> None:
        if self.message:
            is_spoken = self.options.modality == "audio"
            content = Speech(self.playback.text) if is_spoken else Text("".join(self._shown))
            self.message = replace(self.message, content=(content,), status=status)
            self.delivery.finish(self.message)

    def _mark(self, stage: str, at: float | None) -> None:
        if at is not None:
            self.waterfall.mark(stage, at)
