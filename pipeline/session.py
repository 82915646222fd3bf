"""One live conversation: feeds the turn taking, and carries out what it decides. The only file with tasks.

    async with Session(...) as session:
        session.receive(AudioReceived(samples))      # never awaits
        async for output in session.outputs(): ...   # in order

Everything that happens is decided synchronously in `receive` or when a task of the session ends; everything that takes
time is a task of the session's one task group: an utterance that is being transcribed, or a reply that is being given.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from pipeline.conversation import Conversation, untranscribed
from pipeline.ear import Ear
from pipeline.errors import ProviderError, RequestError
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    AudioDropped,
    AudioReceived,
    IdleTimeout,
    Input,
    ItemAdded,
    ItemCreated,
    ItemDeleted,
    ItemDone,
    ItemRemoved,
    ItemRetrieved,
    ItemShown,
    ItemTruncated,
    Output,
    PlaybackReported,
    ReplyAudio,
    ReplyCancelled,
    ReplyRequested,
    ReplyStarted,
    RequestFailed,
    SettingsApplied,
    SettingsChanged,
    SpeechStarted,
    SpeechStopped,
    UtteranceCommitted,
)
from pipeline.items import Item, Message, Speech, new_id
from pipeline.latency import Waterfall
from pipeline.listening import Listening, recorded
from pipeline.outbox import Outbox, OutboxClosed
from pipeline.providers.interfaces import (
    LanguageModel,
    SpeechToText,
    TextToSpeech,
    TranscriptionOptions,
)
from pipeline.question import Question, Turn
from pipeline.reply import Reply
from pipeline.segmenter import Voice
from pipeline.settings import SessionSettings
from pipeline.tools import Tool
from pipeline.turn_taking import (
    Action,
    CancelReply,
    CommitUtterance,
    DropUtterance,
    Happening,
    OpenUtterance,
    Refuse,
    ReplyEnded,
    SpeakUp,
    StartReply,
    TurnTaking,
)
from pipeline.utterance import Utterance
from pipeline.vad import ConfirmedVoiceActivity, VoiceActivityDetector


@dataclass(frozen=True, slots=True)
class Providers:
    """Who hears, thinks and speaks in a conversation."""

    speech_to_text: SpeechToText
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    voice_activity: Callable[[], VoiceActivityDetector] = ConfirmedVoiceActivity


MAX_REPLIES_BESIDE = 8
"""Replies outside the conversation that may be given at the same time."""
MAX_UNHEARD = 64
"""Utterances and recordings that may wait for their words at the same time: each holds its audio and a request."""


class Session:
    """A conversation that is going on. `async with` holds its tasks; leaving it ends them all."""

    def __init__(
        self,
        session_id: str,
        settings: SessionSettings,
        providers: Providers,
        tools: Sequence[Tool] = (),
        conversation: Conversation | None = None,
    ) -> None:
        self.id = session_id
        self.settings = settings
        self.conversation = conversation or Conversation(max_kept_audio_seconds=settings.max_kept_audio_seconds)
        self.outbox = Outbox()
        self._providers = providers
        self._tools: Mapping[str, Tool] = {tool.definition.name: tool for tool in tools}
        self._turns = TurnTaking(settings)
        self._listening = Listening(providers.voice_activity())
        self._listening.apply(settings)
        self._silence_seconds = 0.0
        """How long the user has been silent."""
        self._turn: Turn | None = None
        """What the next reply answers."""
        self._hearing: dict[Utterance, asyncio.Task[None]] = {}
        """What has no transcript yet."""
        self._replies: dict[str, tuple[Reply, asyncio.Task[None]]] = {}
        """By id: those that are being given."""
        self._reply: Reply | None = None
        """The last one of the conversation, whether given or being given: what the user may be hearing."""
        self._ear = Ear(self.conversation, self.outbox)
        self._group = asyncio.TaskGroup()
        self._is_over = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over = True
        self.outbox.close()
        self._listening.stop()
        for task in [*self._hearing.values(), *(task for _, task in self._replies.values())]:
            task.cancel()
        try:
            await self._group.__aexit__(kind, error, traceback)
        finally:
            # What was cancelled before its first step could not leave by itself.
            self._hearing.clear()
            self._replies.clear()

    def receive(self, event: Input) -> None:
        """Take what the client sent or asked. What it asked in vain comes out as RequestFailed.

        When the session is over, nothing is taken any more.
        """
        if self._is_over:
            return
        try:
            self._receive(event)
        except RequestError as error:
            self.outbox.put(RequestFailed(error, getattr(event, "request_id", None)))

    async def outputs(self) -> AsyncGenerator[Output, None]:
        """Everything that leaves, in order, until the session is closed.

        Whoever takes a piece of audio from here is held to have sent it. Raises PipelineError if the client reads so
        slowly that the outbox is full.
        """
        while True:
            try:
                output = await self.outbox.get()
            except OutboxClosed:
                return
            if isinstance(output, ReplyAudio):
                self._ear.sent(output, _now())
            yield output

    # --- what enters, and what is decided ---

    def _receive(self, event: Input) -> None:
        match event:
            case AudioReceived(samples):
                self._hear(self._listening.hear(samples, self.settings))
            case AudioCommitted():
                self._hear(self._listening.flush(self.settings))
                self._decide(event)
            case AudioCleared():
                self._decide(event)
                self._listening.forget()
                self.outbox.put(AudioDropped())
            case ItemCreated(item, previous_item_id):
                self._create(item, previous_item_id)
            case ItemDeleted(item_id):
                self._delete(item_id)
            case ItemRetrieved(item_id):
                self.outbox.put(ItemShown(self._existing(item_id, "item_retrieve_invalid_item_id")))
            case ItemTruncated(item_id, heard_seconds):
                self._existing(item_id, "item_truncate_invalid_item_id")
                self._ear.truncate(item_id, heard_seconds, _now())
            case ReplyRequested():
                self._check(event)
                self._decide(event)
            case ReplyCancelled(reply_id):
                self._cancel_requested(event, reply_id)
            case PlaybackReported(item_id, heard_seconds, playing):
                self._ear.heard(item_id, heard_seconds, _now(), playing=playing)
            case SettingsChanged(settings, request_id):
                self.settings = settings
                self._listening.apply(settings)
                self._carry_out(self._turns.apply(settings))
                self.outbox.put(SettingsApplied(settings, request_id))

    def _decide(self, happening: Happening) -> None:
        self._carry_out(self._turns.receive(happening))

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case OpenUtterance(announce):
                self._open_utterance(announce=announce)
            case CommitUtterance(announce):
                self._commit_utterance(announce=announce)
            case DropUtterance():
                self._hearing.pop(self._listening.drop()).cancel()
            case StartReply(request):
                self._start_reply(request or ReplyRequested())
            case CancelReply(reason):
                assert self._reply is not None
                self._stop_reply(self._reply, reason)
            case SpeakUp(silent_since_seconds):
                item_id = new_id("item")
                self.outbox.put(IdleTimeout(item_id, silent_since_seconds, self._listening.position_seconds))
                self._add_utterance(Message(item_id, "user", (Speech(""),)))
            case Refuse(error, request_id):
                self.outbox.put(RequestFailed(error, request_id))

    # --- the user's half ---

    def _hear(self, voices: Iterator[Voice]) -> None:
        for voice in voices:
            self._silence_seconds = voice.silence_seconds
            self._decide(voice)

    def _open_utterance(self, *, announce: bool) -> None:
        utterance = self._listening.open(self.settings, with_preroll=announce)
        self._transcribe(utterance)
        if announce:
            self.outbox.put(SpeechStarted(utterance.item_id, utterance.start_seconds))
            if self.settings.turn_detection and self.settings.turn_detection.interrupt_reply:
                self._ear.stop_listening(_now())

    def _commit_utterance(self, *, announce: bool) -> None:
        utterance = self._listening.close()
        if announce:
            self.outbox.put(SpeechStopped(utterance.item_id, self._listening.position_seconds))
        silence_seconds = min(self._silence_seconds, utterance.seconds)
        self._turn = Turn(utterance, _now() - silence_seconds, _now())
        self._add_utterance(Message(utterance.item_id, "user", (Speech(None, utterance.samples()),)))
        utterance.close()

    def _add_utterance(self, message: Message) -> None:
        previous = self.conversation.add(message)
        self.outbox.put(UtteranceCommitted(message.id, previous))
        self.outbox.put(ItemAdded(message, previous))
        self.outbox.put(ItemDone(message, previous))

    def _transcribe(self, utterance: Utterance) -> None:
        self._hearing[utterance] = self._group.create_task(self._run_utterance(utterance))

    async def _run_utterance(self, utterance: Utterance) -> None:
        recogniser = self._providers.speech_to_text
        try:
            with self._failing_with_its_work():
                text = await utterance.run(recogniser, self._transcription_options(), self.outbox.put)
        finally:
            self._hearing.pop(utterance, None)
        self.conversation.set_transcript(utterance.item_id, text or "")

    def _transcription_options(self) -> TranscriptionOptions:
        settings = self.settings
        return TranscriptionOptions(self.id, settings.language, settings.transcription_prompt, settings.domain)

    # --- the assistant's half ---

    def _start_reply(self, request: ReplyRequested) -> None:
        options = request.options.completed_by(self.settings)
        turn = None
        if options.in_conversation:
            turn, self._turn = self._turn, None
        if turn and turn.utterance.item_id != self.conversation.last_id:
            # It has been dealt with in another way: something was written after it, or it was deleted.
            turn = None
        reply_id = new_id("resp")
        reply = Reply(
            id=reply_id,
            options=options,
            settings=self.settings,
            session_id=self.id,
            model=self._providers.language_model,
            voice=self._providers.text_to_speech,
            tools=self._tools,
            conversation=self.conversation if options.in_conversation else None,
            outbox=self.outbox,
            waterfall=self._new_waterfall(reply_id, turn),
        )
        if options.in_conversation:
            self._reply = reply
        self._ear.expect(reply)
        self.outbox.put(ReplyStarted(reply.id, options, request.request_id))
        question = Question(request, options.instructions or "", turn, self.conversation, self.settings)
        self._replies[reply.id] = (reply, self._group.create_task(self._give(reply, question)))

    def _new_waterfall(self, reply_id: str, turn: Turn | None) -> Waterfall:
        if turn is None:
            return Waterfall(self.conversation.last_id or "", reply_id, _now())
        waterfall = Waterfall(turn.utterance.item_id, reply_id, turn.speech_ended_at)
        waterfall.mark("pause", turn.committed_at)
        return waterfall

    async def _give(self, reply: Reply, question: Question) -> None:
        try:
            with self._failing_with_its_work():
                messages = await question.messages(self._hearing, self._hear_recording)
                if question.turn:
                    reply.waterfall.mark("transcript", _now())
                await reply.run(messages)
        except ProviderError as error:
            if reply.is_over:
                # A provider that cannot even be cancelled in peace. Whoever cancelled has told everybody.
                return
            reply.fail(error)
        del self._replies[reply.id]
        if reply.options.in_conversation:
            unheard_seconds = reply.playback.made_seconds - reply.playback.heard_seconds(_now())
            self._decide(ReplyEnded(unheard_seconds))

    async def _hear_recording(self, utterance: Utterance) -> None:
        """Have audio transcribed for one reply alone: nobody is told."""
        await utterance.run(self._providers.speech_to_text, self._transcription_options(), lambda _: None)

    def _check(self, request: ReplyRequested) -> None:
        for item_id in (item for item in request.input or () if isinstance(item, str)):
            self._existing(item_id, "invalid_value")
        beside = sum(not reply.options.in_conversation for reply, _ in self._replies.values())
        if not request.options.in_conversation and beside >= MAX_REPLIES_BESIDE:
            message = f"{beside} responses are running beside the conversation. Wait until one of them is finished."
            raise RequestError("rate_limit_exceeded", message)

    def _cancel_requested(self, request: ReplyCancelled, reply_id: str | None) -> None:
        if reply_id in self._replies and not self._replies[reply_id][0].options.in_conversation:
            self._stop_reply(self._replies[reply_id][0], "client_cancelled")
        elif reply_id is None or (self._reply and reply_id == self._reply.id):
            self._decide(request)
        else:
            message = f"Cancellation failed: no active response with the id {reply_id!r} found."
            raise RequestError("response_cancel_not_active", message, param="response_id")

    def _stop_reply(self, reply: Reply, reason: Literal["turn_detected", "client_cancelled"]) -> None:
        _, task = self._replies.pop(reply.id)
        task.cancel()
        self.outbox.discard(reply.id)
        reply.playback.cut(reply.playback.heard_seconds(_now()))
        reply.stop(reason)
        self._ear.tell_what_was_heard(reply)

    @contextmanager
    def _failing_with_its_work(self) -> Iterator[None]:
        """What nobody foresaw ends the session; until that is done, nothing new begins."""
        try:
            yield
        except ProviderError:
            raise
        except Exception:
            self._is_over = True
            raise

    # --- the client's own hand on the conversation ---

    def _existing(self, item_id: str, code: str) -> Item:
        item = self.conversation.get(item_id)
        if item is None:
            raise RequestError(code, f"There is no item with the id {item_id!r}.", param="item_id")
        return item

    def _create(self, item: Item, previous_item_id: str | None) -> None:
        samples = untranscribed(item)
        if samples is not None and len(self._hearing) >= MAX_UNHEARD:
            message = f"{len(self._hearing)} items wait for their transcript. Wait until one of them has it."
            raise RequestError("rate_limit_exceeded", message)
        previous = self.conversation.add(item, previous_item_id)
        self.outbox.put(ItemAdded(item, previous))
        self.outbox.put(ItemDone(item, previous))
        if samples is not None:
            self._transcribe(recorded(item.id, samples, self.settings))

    def _delete(self, item_id: str) -> None:
        self._existing(item_id, "item_delete_invalid_item_id")
        self.conversation.remove(item_id)
        for utterance in list(self._hearing):
            if utterance.item_id == item_id:
                self._hearing.pop(utterance).cancel()
                utterance.abandon()
        self.outbox.put(ItemRemoved(item_id))


def _now() -> float:
    """Seconds of the event loop's clock; in tests it may be a virtual one."""
    return asyncio.get_running_loop().time()
