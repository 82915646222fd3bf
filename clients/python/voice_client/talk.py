"""A conversation in the terminal: with a recording, with typed words, or with the microphone."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from voice_client.client import VoiceClient
from voice_client.errors import AudioDeviceMissing, ConnectionFailed
from voice_client.events import (
    RATE,
    ConnectionLost,
    ConnectionResumed,
    ConversationRestarted,
    Event,
    ReplyAudio,
    ReplyContinued,
    ReplyDucked,
    ReplyFinished,
    ReplyRestored,
    ReplyStarted,
    ReplyText,
    Samples,
    ServerError,
    SpeechStarted,
    SpeechStopped,
    TurnMeasured,
    UserTranscript,
    UserTranscriptFailed,
)
from voice_client.microphone import (
    DeviceMicrophone,
    FileMicrophone,
    Microphone,
    first_and_last_loud,
    read_recording,
)
from voice_client.speaker import DeviceSpeaker, Heard, Speaker, VirtualSpeaker
from voice_client.terminal import Terminal, timing_lines, turn_line

REPORT_SECONDS = 0.1
"""How often the server is told what was heard."""
ANSWER_SECONDS = 20.0
"""How long to wait for an answer to a recording, or for it to go on."""
MEASURE_SECONDS = 1.0
"""How long to wait, after the answer, for the server's account of the turn."""


@dataclass(slots=True)
class _Answer:
    """One answer as it was received."""

    first_sound: float | None = None
    """By the event loop's clock: when its first audible sample could be heard."""
    audio: list[Samples] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class Talk:
    """One conversation with everything that was said in it."""

    def __init__(
        self, client: VoiceClient, microphone: Microphone | None, speaker: Speaker, terminal: Terminal
    ) -> None:
        """`microphone` None: the user writes."""
        self._client = client
        self._microphone = microphone
        self._speaker = speaker
        self._terminal = terminal
        self._replying = False
        self._hearing = False
        self._continues = False
        self.answers: dict[str, _Answer] = {}
        self.finished = 0
        """Answers that are over."""
        self.failures: list[str] = []
        self.turn: TurnMeasured | None = None

    async def run(self, connection: AbstractAsyncContextManager[object] | None = None) -> None:
        """Talk until there is an answer, or for ever with a microphone. Raises groups of ConnectionFailed.

        `connection`: opens and closes the client, if it is not open; what the user says meanwhile is not lost.
        """
        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(self._speak())
            async with connection or nullcontext():
                reporting = group.create_task(self._report_playback())
                await self._listen()
                speaking.cancel()
                reporting.cancel()

    async def _speak(self) -> None:
        if self._microphone is None:
            return
        async with aclosing(self._microphone.blocks()) as blocks:
            async for block in blocks:
                await self._client.send_audio(block)

    async def _report_playback(self) -> None:
        reported: Heard | None = None
        while True:
            heard = self._speaker.heard()
            if heard is not None and heard != reported:
                await self._report(heard)
                reported = heard
            await asyncio.sleep(REPORT_SECONDS)

    async def _report(self, heard: Heard) -> None:
        await self._client.report_playback(heard.item_id, heard.milliseconds, playing=heard.playing)

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(self._patience()) as patience, aclosing(self._client.events()) as events:
                async for event in events:
                    await self._receive(event)
                    if self._is_over and self.turn is not None:
                        return
                    seconds = self._patience()
                    patience.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)
        except TimeoutError:
            if not self._is_over:
                self.failures.append(f"No answer came within {ANSWER_SECONDS:g} seconds.")

    @property
    def _is_over(self) -> bool:
        """Whether everything that was to be said has been said and answered."""
        recording_goes_on = isinstance(self._microphone, FileMicrophone) and not self._microphone.is_over
        is_endless = isinstance(self._microphone, DeviceMicrophone)
        return self.finished > 0 and not (self._replying or self._hearing or recording_goes_on or is_endless)

    def _patience(self) -> float | None:
        """How long to wait for the next event."""
        if isinstance(self._microphone, DeviceMicrophone):
            return None
        if self._is_over:
            # A written question has no turn to measure.
            return MEASURE_SECONDS if self._microphone else 0.0
        rest = self._microphone.rest_seconds() if isinstance(self._microphone, FileMicrophone) else 0.0
        return rest + ANSWER_SECONDS

    async def _receive(self, event: Event) -> None:
        match event:
            case SpeechStarted():
                self._hearing = True
                self._terminal.passing("listening …")
                if heard := self._speaker.stop():
                    await self._report(heard)
            case SpeechStopped():
                self._hearing = False
                self.finished = 0
                self.turn = None
            case UserTranscript(_, text, is_final=True):
                self._terminal.line(f"You        {text or '(nothing that could be understood)'}")
            case UserTranscriptFailed(_, message):
                self.failures.append(message)
                self.finished += 1
            case ServerError(_, message):
                self.failures.append(message)
            case ReplyAudio(item_id, samples):
                await self._hear(item_id, samples)
            case ReplyDucked(item_id):
                self._speaker.duck(item_id)
            case ReplyRestored():
                self._speaker.restore()
            case ConnectionLost() | ConnectionResumed() | ConversationRestarted():
                self._tell_of_connection(event)
            case _:
                self._receive_reply(event)

    def _tell_of_connection(self, event: ConnectionLost | ConnectionResumed | ConversationRestarted) -> None:
        match event:
            case ConnectionLost(reason):
                self._terminal.line(f"           {reason} Reconnecting …")
            case ConnectionResumed():
                self._terminal.line("           Back.")
            case ConversationRestarted():
                # Nothing more comes of what the other conversation had begun.
                self._replying = self._hearing = False
                self._terminal.line("           The conversation could not be continued; a new one has begun.")

    def _receive_reply(self, event: Event) -> None:
        match event:
            case ReplyStarted():
                self._replying = True
                self._continues = False
                self._terminal.passing("thinking …")
            case ReplyContinued():
                self._continues = True
            case ReplyText(item_id, text):
                self.answers.setdefault(item_id, _Answer()).words.append(text)
            case ReplyFinished():
                self._finish(event)
            case TurnMeasured():
                self.turn = event
                if isinstance(self._microphone, DeviceMicrophone):
                    self._terminal.line(turn_line(event))

    async def _hear(self, item_id: str, samples: Samples) -> None:
        answer = self.answers.setdefault(item_id, _Answer())
        is_first = not answer.audio
        answer.audio.append(samples)
        self._speaker.play(item_id, samples)
        heard = self._speaker.heard()
        if is_first and heard is not None and heard.item_id == item_id:
            # The sooner the server knows that it is heard, the better it knows when.
            await self._report(heard)
        if answer.first_sound is None and (loud := first_and_last_loud(samples)):
            answer.first_sound = asyncio.get_running_loop().time() + loud[0] / RATE
            self._terminal.passing("speaking …")

    def _finish(self, event: ReplyFinished) -> None:
        self._replying = False
        self.finished += 1
        if event.status == "failed":
            self.failures.append(f"The answer failed: {event.message}")
        if self.answers and (words := "".join(list(self.answers.values())[-1].words).strip()):
            words = f"… {words}" if self._continues else words
            self._terminal.line(f"Assistant  {words}" + (" — (interrupted)" if event.status == "cancelled" else ""))

    def voice_to_voice(self) -> float | None:
        """Seconds from the last word of the recording to the first sound of its answer."""
        if not isinstance(self._microphone, FileMicrophone) or self._microphone.began is None:
            return None
        end = self._microphone.began + self._microphone.speech_seconds
        sounds = [answer.first_sound for answer in self.answers.values() if answer.first_sound is not None]
        return sounds[-1] - end if sounds and sounds[-1] > end else None

    def audio(self) -> Samples:
        """Everything that the assistant said, int16, 24 kHz."""
        parts = [part for answer in self.answers.values() for part in answer.audio]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """What to talk about, and with whom."""

    url: str
    key: str | None = None
    recording: Path | None = None
    text: str | None = None
    out: Path | None = None
    """Where the answer is written as WAV."""
    assistant: str = "galion"


async def talk(options: TalkOptions) -> int:
    """Hold the conversation; gives the exit code of the command."""
    terminal = Terminal(sys.stdout, sys.stderr)
    try:
        if options.out is not None and not options.out.parent.is_dir():
            raise FileNotFoundError(f"{options.out.parent} is no folder; make it, or write the answer elsewhere.")
        microphone = _microphone(options)
        speaker = _speaker(options)
        with contextlib.closing(speaker):
            return await _hold(options, microphone, speaker, terminal)
    except (ConnectionFailed, AudioDeviceMissing, OSError, ValueError) as error:
        terminal.error(str(error))
        return 1


async def _hold(options: TalkOptions, microphone: Microphone | None, speaker: Speaker, terminal: Terminal) -> int:
    lost: list[str] = []
    # Who has a question ready is not to be greeted.
    greeting = isinstance(microphone, DeviceMicrophone)
    client = VoiceClient(options.url, options.key, assistant=options.assistant, greeting=greeting)
    conversation = Talk(client, microphone, speaker, terminal)
    try:
        await conversation.run(_connected(client, options.text, terminal))
    except* (ConnectionFailed, AudioDeviceMissing) as errors:
        lost = [str(error) for error in errors.exceptions]
    for line in timing_lines(conversation.voice_to_voice(), conversation.turn):
        terminal.line(line)
    audio = conversation.audio()
    if options.out is not None and len(audio):
        _write(options.out, audio)
        terminal.line(f"{len(audio) / RATE:.1f} s of speech written to {options.out}")
    for failure in (*lost, *conversation.failures):
        terminal.error(failure)
    return 1 if lost or conversation.failures or not conversation.answers else 0


@contextlib.asynccontextmanager
async def _connected(client: VoiceClient, text: str | None, terminal: Terminal) -> AsyncGenerator[None, None]:
    async with client:
        if text is not None:
            await client.send_text(text)
            terminal.line(f"You        {text}")
        yield


def _write(path: Path, audio: Samples) -> None:
    try:
        soundfile.write(path, audio, RATE, format="WAV", subtype="PCM_16")
    except soundfile.LibsndfileError as error:
        raise OSError(f"{path} cannot be written; name a file in a folder that you may write to.") from error


def _microphone(options: TalkOptions) -> Microphone | None:
    if options.text is not None:
        return None
    return FileMicrophone(read_recording(options.recording)) if options.recording else DeviceMicrophone()


def _speaker(options: TalkOptions) -> Speaker:
    if options.recording is not None or options.text is not None:
        return VirtualSpeaker()
    speaker = DeviceSpeaker()
    speaker.open()
    return speaker
