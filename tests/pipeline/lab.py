"""A conversation laboratory: a scripted microphone and a simulated client around a real session, in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, OUTPUT_RATE, Samples
from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation
from pipeline.events import (
    AudioReceived,
    Input,
    ItemTruncated,
    Output,
    PlaybackReported,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyStarted,
    ReplyWritten,
    RequestFailed,
    SpeechStarted,
)
from pipeline.items import Item, Message, Text
from pipeline.prepared import Phrases, PreparedSpeech
from pipeline.providers.interfaces import LanguageModel, SpeechChunk, SpeechToText, SpokenText, TextToSpeech
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import SessionSettings
from pipeline.tools import Tool
from pipeline.turn_taking import State
from pipeline.vad import LoudnessVoiceActivity, VoiceActivityDetector

Event = TypeVar("Event")

REPORT_SECONDS = 0.1
"""Between two reports of a loudspeaker that plays."""
SPEECH_LEVEL = 5000
NOISE_LEVEL = 100


def tone(seconds: float, rate: int = INPUT_RATE) -> Samples:
    """What the lab takes for speech."""
    wave = np.sin(np.arange(round(seconds * rate)) * (2 * np.pi * 300 / rate)) * SPEECH_LEVEL
    samples: Samples = np.where(np.abs(wave) < SPEECH_LEVEL / 2, SPEECH_LEVEL / 2, wave).astype(np.int16)
    return samples


def hush(seconds: float, rate: int = INPUT_RATE) -> Samples:
    """What the lab takes for silence."""
    return np.full(round(seconds * rate), NOISE_LEVEL, np.int16)


def prepared(text: str, seconds: float) -> PreparedSpeech:
    """A phrase of this length."""
    samples = np.full(round(seconds * OUTPUT_RATE), 1000, np.int16)
    return PreparedSpeech(text, (SpeechChunk(samples, (SpokenText(text, 0.0, seconds),)),))


def typed(item_id: str, text: str) -> Message:
    """What the user has written."""
    return Message(item_id, "user", (Text(text),))


class Loudspeaker:
    """Plays audio in real time, one item after the other, without a task: it knows what the time has made of it."""

    def __init__(self, delay_seconds: float = 0.0) -> None:
        self._delay_seconds = delay_seconds
        """Its own buffer: from the arrival of audio after silence to its first sound."""
        self._waiting: list[tuple[str, float]] = []
        self._since = 0.0
        self._played: dict[str, float] = {}

    def append(self, item_id: str, seconds: float) -> None:
        """Audio arrived."""
        self.advance()
        if not self._waiting:
            self._since = _now() + self._delay_seconds
        self._waiting.append((item_id, seconds))

    def heard(self, item_id: str) -> float:
        """Seconds of this item that have sounded."""
        self.advance()
        return self._played.get(item_id, 0.0)

    def advance(self) -> None:
        """Play until now."""
        elapsed, self._since = max(0.0, _now() - self._since), max(_now(), self._since)
        while self._waiting and elapsed > 0:
            item_id, seconds = self._waiting.pop(0)
            sounding = min(seconds, elapsed)
            self._played[item_id] = self._played.get(item_id, 0.0) + sounding
            elapsed -= sounding
            if sounding < seconds:
                self._waiting.insert(0, (item_id, seconds - sounding))

    def stop(self) -> list[str]:
        """Fall silent; give the items of which something will not be heard."""
        self.advance()
        unheard = list(dict.fromkeys(item_id for item_id, _ in self._waiting))
        self._waiting.clear()
        return unheard

    @property
    def playing(self) -> str | None:
        """The item that sounds now."""
        self.advance()
        return self._waiting[0][0] if self._waiting else None


@dataclass
class Client:
    """What a client does with what it gets."""

    reports: bool = False
    """Whether it tells what its loudspeaker has played."""
    truncates: bool = False
    """Whether it truncates what it was playing when the user begins to speak."""
    stops_at_speech: bool = True
    ducks: bool = False
    """Whether it can play quietly."""
    network_seconds: float = 0.0
    """One way."""
    buffer_seconds: float = 0.0
    """Of its loudspeaker."""


@dataclass
class Lab:
    """A session, and everything that left it with its time."""

    session: Session
    client: Client
    stt: ScriptedSpeechToText
    llm: ScriptedLanguageModel
    tts: ScriptedTextToSpeech
    loudspeaker: Loudspeaker
    outputs: list[Output] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """When each of `outputs` was taken."""
    speech_began_at: list[float] = field(default_factory=list)
    """When the first sample of each stretch of speech was sent."""
    speech_ended_at: float = 0.0
    """When the last sample of the newest one was sent."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _finished_items: dict[str, None] = field(default_factory=dict)
    """In order: nothing here may depend on chance."""

    # --- the microphone ---

    async def feed(self, samples: Samples, chunk_samples: int = FRAME_SAMPLES) -> None:
        """Send audio in real time: a chunk leaves when its last sample was spoken."""
        for start in range(0, len(samples), chunk_samples):
            chunk = samples[start : start + chunk_samples]
            await asyncio.sleep(len(chunk) / INPUT_RATE)
            self.send(AudioReceived(chunk))

    async def says(self, seconds: float) -> None:
        """The user speaks."""
        self.speech_began_at.append(_now())
        await self.feed(tone(seconds))
        self.speech_ended_at = _now()

    async def silence(self, seconds: float) -> None:
        """The user is silent."""
        await self.feed(hush(seconds))

    async def hears_out(self, limit_seconds: float = 60.0) -> None:
        """The user is silent until all that was begun is complete and has sounded."""
        deadline = _now() + limit_seconds
        await self.silence(0.1)
        while self.is_answering or self.loudspeaker.playing or self.session._turns.state is not State.IDLE:
            assert _now() < deadline, f"still going on after {limit_seconds} s: {self.names()}"
            await self.silence(0.1)

    async def silence_until(self, kind: type[Event], count: int = 1, limit_seconds: float = 60.0) -> Event:
        """The user is silent until so many of these events have left; give the last of them."""
        deadline = _now() + limit_seconds
        while len(self.all(kind)) < count:
            assert _now() < deadline, f"no {kind.__name__} within {limit_seconds} s: {self.names()}"
            await self.silence(0.02)
        return self.all(kind)[count - 1]

    # --- the client ---

    def send(self, *events: Input) -> None:
        """Send to the session."""
        for event in events:
            if self.client.network_seconds:
                asyncio.get_running_loop().call_later(self.client.network_seconds, self.session.receive, event)
            else:
                self.session.receive(event)

    async def until(self, kind: type[Event], count: int = 1, limit_seconds: float = 60.0) -> Event:
        """Wait, without sending audio."""
        async with asyncio.timeout(limit_seconds):
            while len(self.all(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.all(kind)[count - 1]

    async def settle(self) -> None:
        """Let everything happen that needs no time."""
        await asyncio.sleep(0.001)

    async def consume(self) -> None:
        """Take what leaves, and live by it."""
        async with aclosing(self.session.outputs()) as outputs:
            async for output in outputs:
                self.outputs.append(output)
                self.times.append(_now())
                self._news.set()
                if self.client.network_seconds:
                    asyncio.get_running_loop().call_later(self.client.network_seconds, self._live, output)
                else:
                    self._live(output)

    async def report(self) -> None:
        """Tell what the loudspeaker plays, every 100 ms and once at the end of each item."""
        told: set[str] = set()
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            playing = self.loudspeaker.playing
            for item_id in [item for item in self._finished_items if item not in told and item != playing]:
                told.add(item_id)
                self.send(PlaybackReported(item_id, self.loudspeaker.heard(item_id), playing=False))
            if playing is not None:
                self.send(PlaybackReported(playing, self.loudspeaker.heard(playing), playing=True))

    def _live(self, output: Output) -> None:
        match output:
            case ReplyAudio() if len(output.samples):
                self.loudspeaker.append(output.item_id, len(output.samples) / OUTPUT_RATE)
            case ReplyItemFinished(item=Message(id=item_id)):
                self._finished_items[item_id] = None
            case SpeechStarted() if self.client.stops_at_speech:
                for item_id in self.loudspeaker.stop():
                    heard = self.loudspeaker.heard(item_id)
                    if self.client.reports:
                        self._finished_items.pop(item_id, None)
                        self.send(PlaybackReported(item_id, heard, playing=False))
                    if self.client.truncates:
                        self.send(ItemTruncated(item_id, heard))

    # --- what came of it ---

    def all(self, kind: type[Event]) -> list[Event]:
        """Every event of this kind that has left."""
        return [output for output in self.outputs if isinstance(output, kind)]

    def one(self, kind: type[Event]) -> Event:
        """The only event of this kind."""
        events = self.all(kind)
        assert len(events) == 1, f"{len(events)} x {kind.__name__}: {self.names()}"
        return events[0]

    def time_of(self, kind: type[Event]) -> float:
        """When the first event of this kind left."""
        return next(time for time, output in zip(self.times, self.outputs, strict=True) if isinstance(output, kind))

    def audio_time(self, reply_id: str | None = None) -> float:
        """When the first audio left: of this reply, or of all."""
        return next(
            time
            for time, output in zip(self.times, self.outputs, strict=True)
            if isinstance(output, ReplyAudio) and reply_id in (None, output.reply_id)
        )

    @property
    def is_answering(self) -> bool:
        """Whether a reply that was begun is not finished."""
        return len(self.all(ReplyStarted)) > len(self.all(ReplyFinished))

    def sounded(self, item_id: str) -> str:
        """The words of an item that the loudspeaker has begun to play, as their audio told them."""
        heard, start, text = self.loudspeaker.heard(item_id), 0.0, ""
        for audio in self.all(ReplyAudio):
            if audio.item_id == item_id:
                text += audio.text if start < heard - 1e-6 else ""
                start += len(audio.samples) / OUTPUT_RATE
        return text

    def unheard_seconds(self, item_id: str) -> float:
        """How much audio of an item arrived and never sounded."""
        arrived = sum(len(audio.samples) for audio in self.all(ReplyAudio) if audio.item_id == item_id) / OUTPUT_RATE
        return arrived - self.loudspeaker.heard(item_id)

    def names(self) -> list[str]:
        """What left, without the audio and what is only for logs."""
        return [type(output).__name__ for output in self.outputs if not isinstance(output, (ReplyAudio, ReplyWritten))]

    def refusal(self) -> str:
        """The code of the only request that failed."""
        return self.one(RequestFailed).error.code

    def said(self) -> list[tuple[str, str]]:
        """The conversation: who said what."""
        return [(item.role, item.text) for item in self.session.conversation if isinstance(item, Message)]

    def item(self, item_id: str) -> Item:
        """An item as the session knows it."""
        item = self.session.conversation.get(item_id)
        assert item is not None
        return item

    @property
    def last_answer(self) -> Message:
        """The assistant's last message."""
        return [item for item in self.session.conversation if isinstance(item, Message) and item.role == "assistant"][
            -1
        ]


@asynccontextmanager
async def laboratory(
    settings: SessionSettings | None = None,
    *,
    client: Client | None = None,
    stt: SpeechToText | None = None,
    llm: LanguageModel | None = None,
    tts: TextToSpeech | None = None,
    tools: Sequence[Tool] = (),
    conversation: Conversation | None = None,
    voice_activity: Callable[[], VoiceActivityDetector] = LoudnessVoiceActivity,
    phrases: Phrases | None = None,
    greets: bool = False,
    unfinished: Unfinished | None = None,
) -> AsyncGenerator[Lab, None]:
    """Open a session with a client; scripted providers where none is given."""
    client = client or Client()
    settings = settings or SessionSettings(reports_playback=client.reports, ducks=client.ducks)
    hears, writes, speaks = stt or ScriptedSpeechToText(), llm or ScriptedLanguageModel(), tts or ScriptedTextToSpeech()
    providers = Providers(hears, writes, speaks, voice_activity, lambda: phrases or Phrases())
    session = Session("sess_lab", settings, providers, tools, conversation, greets=greets, unfinished=unfinished)
    lab = Lab(session, client, hears, writes, speaks, Loudspeaker(client.buffer_seconds))  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group, session:
        group.create_task(lab.consume())
        reporting = group.create_task(lab.report()) if client.reports else None
        yield lab
        if reporting:
            reporting.cancel()
        # The session is closed now, and with it its outputs.


def _now() -> float:
    return asyncio.get_running_loop().time()
