"""One live conversation: feeds the turn taking, and carries out what it decides.

    async with Session(...) as session:
        session.receive(AudioReceived(samples))      # never awaits
        async for output in session.outputs(): ...   # in order

Everything that happens is decided synchronously in `receive` or when a task of the session ends; everything that takes
time is a task of the session's one task group: an utterance that is being transcribed, or a reply that is being given.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation, untranscribed
from pipeline.ear import Ear
from pipeline.endpointing import Pause, TurnEndModel
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
    RequestFailed,
    SettingsApplied,
    SettingsChanged,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    UtteranceCommitted,
)
from pipeline.intonation import measure
from pipeline.items import Item, Message, Speech, new_id
from pipeline.listening import Listening, recorded
from pipeline.loudspeaker import Loudspeaker
from pipeline.outbox import Outbox, OutboxClosed
from pipeline.prepared import Phrases
from pipeline.providers.interfaces import (
    LanguageModel,
    SpeechToText,
    TextToSpeech,
    Transcript,
    TranscriptionOptions,
)
from pipeline.question import Question, Turn
from pipeline.reactions import is_reaction
from pipeline.replies import Replies
from pipeline.segmenter import Voice
from pipeline.settings import SessionSettings
from pipeline.tools import Tool
from pipeline.turn_taking import (
    Action,
    Announce,
    CancelReply,
    CommitUtterance,
    DropGuess,
    DropUtterance,
    Duck,
    Happening,
    LookAhead,
    OpenUtterance,
    PrepareReply,
    Refuse,
    ReplyEnded,
    Restore,
    SpeakUp,
    StartReply,
    State,
    TurnTaking,
    Understood,
)
from pipeline.utterance import Utterance
from pipeline.vad import ConfirmedVoiceActivity, VoiceActivityDetector

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Providers:
    """Who hears, thinks and speaks in a conversation."""

    speech_to_text: SpeechToText
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    voice_activity: Callable[[], VoiceActivityDetector] = ConfirmedVoiceActivity
    phrases: Callable[[], Phrases] = Phrases
    """What can be said without any of them, as far as it is ready."""
    turn_end: TurnEndModel | None = None
    """Judges whether a turn is complete, instead of the rules in endpointing.py."""


ENDING_SECONDS = 1.2
"""Of the end of an utterance that its intonation is measured in, the silence included."""
SURE_WORDS = 3
"""Words over a reply that a recogniser must have heard before it is sure that they are words."""
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
        *,
        greets: bool = False,
        unfinished: Unfinished | None = None,
    ) -> None:
        """`greets`: whether the assistant has the first word, if it has one ready. `unfinished`: what it says instead,
        because an earlier session of this conversation ended in the middle of it."""
        self.id = session_id
        self.settings = settings
        self.conversation = conversation or Conversation(max_kept_audio_seconds=settings.max_kept_audio_seconds)
        self.outbox = Outbox()
        self._providers = providers
        self._turns = TurnTaking(settings, providers.turn_end)
        loudspeaker = Loudspeaker()
        self._listening = Listening(providers.voice_activity(), loudspeaker)
        self._listening.apply(settings)
        self._silence_seconds = 0.0
        """How long the user has been silent."""
        self._pause = Pause()
        """What is known of the pause that lasts now."""
        self._noticed_at = 0.0
        """When it was noticed, in the event loop's seconds."""
        self._turn: Turn | None = None
        """What the next reply answers."""
        self._greets = greets
        self._unfinished = unfinished
        self._hearing: dict[Utterance, asyncio.Task[None]] = {}
        """What has no transcript yet."""
        self._ear = Ear(self.conversation, self.outbox, loudspeaker)
        self._replies = Replies(
            session_id,
            settings,
            self.conversation,
            self.outbox,
            self._ear,
            self._spawn,
            providers.language_model,
            providers.text_to_speech,
            providers.phrases,
            {tool.definition.name: tool for tool in tools},
        )
        self._group = asyncio.TaskGroup()
        self._now: Callable[[], float]
        """Seconds of the clock of the event loop that it is entered in; in tests it may be a virtual one."""
        self._is_over = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._now = asyncio.get_running_loop().time
        if self.settings.replies and self._begin():
            self._turns.receive(ReplyRequested())
        return self

    def _begin(self) -> bool:
        """Say what is to be said first; tell whether there is anything."""
        if self._unfinished is None:
            return self._greets and self._replies.greet()
        instructions = self._unfinished.options.instructions or self.settings.instructions
        question = Question(ReplyRequested(), instructions, None, self.conversation, self.settings)
        self._replies.resume(self._unfinished, partial(question.messages, self._hearing, self._hear_recording))
        return True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over = True
        self.outbox.close()
        self._listening.stop()
        for task in self._hearing.values():
            task.cancel()
        self._replies.end()
        try:
            await self._group.__aexit__(kind, error, traceback)
        finally:
            # What was cancelled before its first step could not leave by itself.
            self._hearing.clear()
            self._replies.forget()
            self._turn = None
            self._ear.forget()

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
                self._ear.sent(output, self._now())
            yield output

    @property
    def is_quiet(self) -> bool:
        """Whether nobody speaks, nor is about to."""
        return self._turns.state is State.IDLE and not self._ear.sounds(self._now())

    @property
    def can_wait(self) -> bool:
        """Whether the next moments of the microphone may come some together: nobody speaks.

        It takes 0.12 s of speech until anything follows from it. Who begins to speak is heard at once from then on, so
        nothing follows later than it would.
        """
        return self._listening.is_quiet

    # --- what enters, and what is decided ---

    def _receive(self, event: Input) -> None:
        match event:
            case AudioReceived(samples):
                self._hear(self._listening.hear(samples, self.settings, self._now()))
            case AudioCommitted():
                self._hear(self._listening.flush(self.settings, self._now()))
                self._decide(event)
            case AudioCleared():
                self._decide(event)
                self._listening.forget()
                self.outbox.put(AudioDropped())
            case ItemCreated(item, previous_item_id):
                self._replies.drop_guess()
                self._create(item, previous_item_id)
            case ItemDeleted(item_id):
                self._replies.drop_guess()
                self._delete(item_id)
            case ItemRetrieved(item_id):
                self.outbox.put(ItemShown(self._existing(item_id, "item_retrieve_invalid_item_id")))
            case ItemTruncated(item_id, heard_seconds):
                self._existing(item_id, "item_truncate_invalid_item_id")
                self._ear.truncate(item_id, heard_seconds, self._now())
            case ReplyRequested():
                self._check(event)
                self._decide(event)
            case ReplyCancelled(reply_id):
                self._cancel_requested(event, reply_id)
            case PlaybackReported(item_id, heard_seconds, playing):
                self._ear.heard(item_id, heard_seconds, self._now(), playing=playing)
            case SettingsChanged(settings, request_id):
                self.settings = self._replies.settings = settings
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
            case OpenUtterance(with_preroll):
                self._transcribe(self._listening.open(self.settings, with_preroll=with_preroll))
            case Announce():
                self._announce()
            case LookAhead():
                self._look_ahead()
            case PrepareReply():
                self._prepare_reply()
            case DropGuess():
                self._replies.drop_guess()
            case CommitUtterance(announce):
                self._commit_utterance(announce=announce)
            case DropUtterance():
                self._hearing.pop(self._listening.drop()).cancel()
            case StartReply(request):
                self._start_reply(request)
            case Duck():
                self._replies.duck()
            case Restore():
                self._replies.restore()
            case CancelReply(reason, is_sure):
                self._replies.cancel(reason, is_sure=is_sure)
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
            may_be_over_reply = voice.speech_seconds > 0 or self._turns.state is State.DOUBTING
            if may_be_over_reply and self._ear.sounds(self._now()):
                self._decide(replace(voice, over_reply=True, may_be_echo=self._listening.may_be_echo))
            else:
                self._decide(voice)

    def _announce(self) -> None:
        utterance = self._listening.utterance
        assert utterance is not None
        self.outbox.put(SpeechStarted(utterance.item_id, utterance.start_seconds))
        if self.settings.turn_detection and self.settings.turn_detection.interrupt_reply:
            self._ear.stop_listening(self._now())

    def _look_ahead(self) -> None:
        """Have the recogniser say what it would say if this pause were the end."""
        self._listening.go_on(may_be_last=True)
        utterance = self._listening.utterance
        assert utterance is not None
        self._noticed_at = self._now()
        ending = utterance.last_samples(ENDING_SECONDS)
        # The words are known already if the pause was looked at before the settings changed.
        words, asked = utterance.words, self.conversation.last_said
        self._pause = Pause(words, asked, self.settings.language, measure(ending))
        self._decide(Understood(self._pause, words is not None and is_reaction(words, asked)))

    def _commit_utterance(self, *, announce: bool) -> None:
        utterance = self._listening.close()
        if announce:
            self.outbox.put(SpeechStopped(utterance.item_id, self._listening.position_seconds))
        if self._noticed_at < self._now() - self._silence_seconds:
            # Nobody looked ahead in this pause.
            self._noticed_at = self._now()
        self._turn = self._turn_of(utterance)
        self._add_utterance(Message(utterance.item_id, "user", (Speech(None, utterance.samples()),)))
        utterance.close()

    def _turn_of(self, utterance: Utterance) -> Turn:
        return Turn(utterance, self._now() - min(self._silence_seconds, utterance.seconds), self._noticed_at)

    def _add_utterance(self, message: Message) -> None:
        previous = self.conversation.add(message)
        self.outbox.put(UtteranceCommitted(message.id, previous))
        self.outbox.put(ItemAdded(message, previous))
        self.outbox.put(ItemDone(message, previous))

    def _transcribe(self, utterance: Utterance) -> None:
        self._hearing[utterance] = self._spawn(partial(self._run_utterance, utterance))

    async def _run_utterance(self, utterance: Utterance) -> None:
        transcripts = utterance.transcripts(self._providers.speech_to_text, self._transcription_options())
        try:
            async with aclosing(transcripts):
                async for transcript in transcripts:
                    self._understand(utterance, transcript)
        finally:
            self._hearing.pop(utterance, None)
        if utterance.error:
            self.outbox.put(TranscriptFailed(utterance.item_id, utterance.error))
            self.conversation.set_transcript(utterance.item_id, "")

    def _understand(self, utterance: Utterance, transcript: Transcript) -> None:
        text = transcript.text
        if transcript.is_final:
            self.outbox.put(TranscriptCompleted(utterance.item_id, text, utterance.seconds))
            self.conversation.set_transcript(utterance.item_id, text)
            return
        is_open = utterance is self._listening.utterance
        in_doubt = is_open and self._turns.state is State.DOUBTING
        if is_open and (transcript.is_settled or (in_doubt and len(text.split()) >= SURE_WORDS)):
            pause = replace(self._pause, words=text)
            understood = Understood(pause, is_reaction(text, self.conversation.last_said), transcript.is_settled)
            if transcript.is_settled or not understood.is_reaction:
                self._decide(understood)
        if not in_doubt and (delta := utterance.more_to_show(text)):
            self.outbox.put(TranscriptDelta(utterance.item_id, delta))

    def _transcription_options(self) -> TranscriptionOptions:
        settings = self.settings
        return TranscriptionOptions(self.id, settings.language, settings.transcription_prompt, settings.domain)

    # --- what is answered ---

    def _prepare_reply(self) -> None:
        utterance = self._listening.utterance
        assert utterance is not None
        assert utterance.words is not None
        turn = self._turn_of(utterance)
        question = self._question(ReplyRequested(), turn)
        self._replies.guess(turn, partial(question.guess, utterance.words, self._hearing))

    def _start_reply(self, request: ReplyRequested | None) -> None:
        in_conversation = request is None or request.options.in_conversation
        turn = self._take_turn() if in_conversation else None
        question = self._question(request or ReplyRequested(), turn)
        messages = partial(question.messages, self._hearing, self._hear_recording)
        if request is None:
            self._replies.answer(turn, messages)
        else:
            self._replies.give(request, turn, messages)

    def _take_turn(self) -> Turn | None:
        """What the next reply answers, if it still waits for an answer."""
        turn, self._turn = self._turn, None
        # If something was written after it, or it was deleted, it has been dealt with in another way.
        return turn if turn and turn.utterance.item_id == self.conversation.last_id else None

    def _question(self, request: ReplyRequested, turn: Turn | None) -> Question:
        instructions = request.options.completed_by(self.settings).instructions or ""
        return Question(request, instructions, turn, self.conversation, self.settings)

    async def _hear_recording(self, utterance: Utterance) -> None:
        """Have audio transcribed for one reply alone: nobody is told."""
        transcripts = utterance.transcripts(self._providers.speech_to_text, self._transcription_options())
        async with aclosing(transcripts):
            async for _ in transcripts:
                pass

    def _check(self, request: ReplyRequested) -> None:
        for item_id in (item for item in request.input or () if isinstance(item, str)):
            self._existing(item_id, "invalid_value")
        if not request.options.in_conversation:
            self._replies.check_room_beside()

    def _cancel_requested(self, request: ReplyCancelled, reply_id: str | None) -> None:
        if self._replies.cancel_beside(reply_id):
            return
        if reply_id is not None and not self._replies.is_last(reply_id):
            message = f"Cancellation failed: no active response with the id {reply_id!r} found."
            raise RequestError("response_cancel_not_active", message, param="response_id")
        self._decide(request)

    # --- its tasks ---

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """Have work done that takes time. If a reply ended by it, decide what follows."""

        async def watched() -> T:
            with self._failing_with_its_work():
                done = await work()
                if isinstance(done, ReplyEnded):
                    self._decide(done)
                return done

        return self._group.create_task(watched())

    @contextmanager
    def _failing_with_its_work(self) -> Iterator[None]:
        """What nobody foresaw ends the session; until that is done, nothing new begins."""
        try:
            yield
        except ProviderError:
            raise
        except Exception:
            self._is_over = True
            self._replies.stop_waiting()
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
