"""One live conversation: feeds the turn taking, and carries out what it decides. The only file with tasks.

    async with Session(...) as session:
        session.receive(AudioReceived(samples))      # never awaits
        async for output in session.outputs(): ...   # in order

Everything that happens is decided synchronously in `receive` or when a task of the session ends; everything that takes
time is a task of the session's one task group: an utterance that is being transcribed, or a reply that is being given.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from pipeline.conversation import Conversation, untranscribed
from pipeline.delivery import Delivery
from pipeline.ear import Ear
from pipeline.endpointing import Pause, TurnEndModel
from pipeline.errors import ProviderError, RequestError
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    AudioDropped,
    AudioReceived,
    GuessDropped,
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
    ReplyDucked,
    ReplyRequested,
    ReplyRestored,
    ReplyStarted,
    RequestFailed,
    SettingsApplied,
    SettingsChanged,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    UtteranceCommitted,
    Waste,
)
from pipeline.intonation import measure
from pipeline.items import Item, Message, Speech, new_id
from pipeline.latency import Waterfall
from pipeline.listening import Listening, recorded
from pipeline.loudspeaker import Loudspeaker
from pipeline.outbox import Outbox, OutboxClosed
from pipeline.prepared import Phrases, PreparedSpeech, PreparedVoice, PreparedWords
from pipeline.providers.interfaces import (
    LanguageModel,
    ModelMessage,
    SpeechToText,
    TextToSpeech,
    Transcript,
    TranscriptionOptions,
)
from pipeline.question import Question, Turn
from pipeline.reactions import is_reaction
from pipeline.reply import Reply
from pipeline.segmenter import Voice
from pipeline.settings import ReplyOptions, SessionSettings
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
from pipeline.writing import Writing

T = TypeVar("T")
Messages = Callable[[], Coroutine[Any, Any, list[ModelMessage] | None]]
"""What a reply answers, as soon as all of it is known."""


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


SHORTEST_MOMENT_SECONDS = 0.8
"""An answer may take so long after the end of the turn, however long that was waited for, before it is announced."""
USUAL_PAUSE_SECONDS = 1.0
"""Silence at the end of a turn that does not make an answer late."""
ENDING_SECONDS = 1.2
"""Of the end of an utterance that its intonation is measured in, the silence included."""
SURE_WORDS = 3
"""Words over a reply that a recogniser must have heard before it is sure that they are words."""
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
        *,
        greets: bool = False,
    ) -> None:
        """`greets`: whether the assistant has the first word, if it has one ready."""
        self.id = session_id
        self.settings = settings
        self.conversation = conversation or Conversation(max_kept_audio_seconds=settings.max_kept_audio_seconds)
        self.outbox = Outbox()
        self._providers = providers
        self._tools: Mapping[str, Tool] = {tool.definition.name: tool for tool in tools}
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
        self._guess: Reply | None = None
        """An answer to the open utterance, in case that it is over."""
        self._waste = Waste()
        """What earlier guesses at this turn cost."""
        self._stopped: Reply | None = None
        """A reply that goes on if it was stopped by nothing."""
        self._ducked = False
        """Whether the client was told to play quietly."""
        self._greets = greets
        self._moment_timer: asyncio.TimerHandle | None = None
        """When the answer will be late."""
        self._moment: asyncio.Task[None] | None = None
        """Says that the answer is late."""
        self._hearing: dict[Utterance, asyncio.Task[None]] = {}
        """What has no transcript yet."""
        self._replies: dict[str, tuple[Reply, asyncio.Task[None]]] = {}
        """By id: those that are being given."""
        self._reply: Reply | None = None
        """The last one of the conversation, whether given or being given: what the user may be hearing."""
        self._ear = Ear(self.conversation, self.outbox, loudspeaker)
        self._group = asyncio.TaskGroup()
        self._is_over = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        greeting = self._providers.phrases().greeting
        if self._greets and greeting and self.settings.replies:
            self._greet(greeting)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over = True
        self.outbox.close()
        self._listening.stop()
        for task in [*self._hearing.values(), *(task for _, task in self._replies.values()), self._moment]:
            if task:
                task.cancel()
        for reply in [*(reply for reply, _ in self._replies.values()), *([self._stopped] if self._stopped else [])]:
            reply.writing.stop()
        try:
            await self._group.__aexit__(kind, error, traceback)
        finally:
            # What was cancelled before its first step could not leave by itself.
            self._hearing.clear()
            self._replies.clear()
            # Replies know their conversation: whoever keeps it shall not keep them, nor wait for the garbage collector.
            self._stop_waiting()
            self._reply = self._guess = self._stopped = self._turn = None
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
                self._ear.sent(output, _now())
            yield output

    # --- what enters, and what is decided ---

    def _receive(self, event: Input) -> None:
        match event:
            case AudioReceived(samples):
                self._hear(self._listening.hear(samples, self.settings, _now()))
            case AudioCommitted():
                self._hear(self._listening.flush(self.settings, _now()))
                self._decide(event)
            case AudioCleared():
                self._decide(event)
                self._listening.forget()
                self.outbox.put(AudioDropped())
            case ItemCreated(item, previous_item_id):
                self._drop_guess()
                self._create(item, previous_item_id)
            case ItemDeleted(item_id):
                self._drop_guess()
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
            case OpenUtterance(with_preroll):
                self._transcribe(self._listening.open(self.settings, with_preroll=with_preroll))
            case Announce():
                self._announce()
            case LookAhead():
                self._look_ahead()
            case PrepareReply():
                self._prepare_reply()
            case DropGuess():
                self._drop_guess()
            case CommitUtterance(announce):
                self._commit_utterance(announce=announce)
            case DropUtterance():
                self._hearing.pop(self._listening.drop()).cancel()
            case StartReply(request):
                self._start_reply(request)
            case Duck():
                self._duck()
            case Restore():
                self._restore()
            case CancelReply(reason, is_sure):
                self._cancel_reply(reason, is_sure=is_sure)
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
            if may_be_over_reply and self._ear.sounds(_now()):
                self._decide(replace(voice, over_reply=True, may_be_echo=self._listening.echo_is_new))
            else:
                self._decide(voice)

    def _announce(self) -> None:
        utterance = self._listening.utterance
        assert utterance is not None
        self.outbox.put(SpeechStarted(utterance.item_id, utterance.start_seconds))
        if self.settings.turn_detection and self.settings.turn_detection.interrupt_reply:
            self._ear.stop_listening(_now())

    def _look_ahead(self) -> None:
        """Have the recogniser say what it would say if this pause were the end."""
        self._listening.go_on(may_be_last=True)
        utterance = self._listening.utterance
        assert utterance is not None
        self._noticed_at = _now()
        ending = utterance.last_samples(ENDING_SECONDS)
        # The words are known already if the pause was looked at before the settings changed.
        words, asked = utterance.words, self._asked()
        self._pause = Pause(words, asked, self.settings.language, measure(ending))
        self._decide(Understood(self._pause, words is not None and is_reaction(words, asked)))

    def _asked(self) -> str:
        """What the assistant said last."""
        for item in reversed(list(self.conversation)):
            if isinstance(item, Message) and item.role == "assistant":
                return item.text
        return ""

    def _commit_utterance(self, *, announce: bool) -> None:
        utterance = self._listening.close()
        if announce:
            self.outbox.put(SpeechStopped(utterance.item_id, self._listening.position_seconds))
        if self._noticed_at < _now() - self._silence_seconds:
            # Nobody looked ahead in this pause.
            self._noticed_at = _now()
        self._turn = self._turn_of(utterance)
        self._add_utterance(Message(utterance.item_id, "user", (Speech(None, utterance.samples()),)))
        utterance.close()

    def _turn_of(self, utterance: Utterance) -> Turn:
        return Turn(utterance, _now() - min(self._silence_seconds, utterance.seconds), self._noticed_at)

    def _add_utterance(self, message: Message) -> None:
        previous = self.conversation.add(message)
        self.outbox.put(UtteranceCommitted(message.id, previous))
        self.outbox.put(ItemAdded(message, previous))
        self.outbox.put(ItemDone(message, previous))

    def _transcribe(self, utterance: Utterance) -> None:
        self._hearing[utterance] = self._group.create_task(self._run_utterance(utterance))

    async def _run_utterance(self, utterance: Utterance) -> None:
        transcripts = utterance.transcripts(self._providers.speech_to_text, self._transcription_options())
        try:
            with self._failing_with_its_work():
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
            understood = Understood(pause, is_reaction(text, self._asked()), transcript.is_settled)
            if transcript.is_settled or not understood.is_reaction:
                self._decide(understood)
        if not in_doubt and (delta := utterance.more_to_show(text)):
            self.outbox.put(TranscriptDelta(utterance.item_id, delta))

    def _transcription_options(self) -> TranscriptionOptions:
        settings = self.settings
        return TranscriptionOptions(self.id, settings.language, settings.transcription_prompt, settings.domain)

    # --- the assistant's half ---

    def _prepare_reply(self) -> None:
        """Answer the open utterance as if it were over; nobody is told of it before it is."""
        utterance = self._listening.utterance
        assert utterance is not None
        assert utterance.words is not None
        options = ReplyOptions().completed_by(self.settings)
        turn = self._turn_of(utterance)
        reply = self._new_reply(options, turn, is_guess=True)
        reply.waterfall.mark("transcript", _now())
        question = Question(ReplyRequested(), options.instructions or "", turn, self.conversation, self.settings)
        self._guess = reply
        self._begin(reply, partial(question.guess, utterance.words, self._hearing))

    def _drop_guess(self) -> None:
        guess, self._guess = self._guess, None
        if guess is None:
            return
        _, task = self._replies.pop(guess.id)
        task.cancel()
        self._waste += guess.waste
        self.outbox.put(GuessDropped(guess.id, guess.waste))
        guess.forget()

    def _start_reply(self, request: ReplyRequested | None) -> None:
        is_asked_for, request = request is not None, request or ReplyRequested()
        options = request.options.completed_by(self.settings)
        turn = None
        if options.in_conversation:
            turn, self._turn = self._turn, None
        if turn and turn.utterance.item_id != self.conversation.last_id:
            # It has been dealt with in another way: something was written after it, or it was deleted.
            turn = None
        if self._guess and not is_asked_for:
            guess, self._guess = self._guess, None
            self._show(guess, request)
            self._leave_stopped(guess)
            return
        if options.in_conversation and self._stopped and turn and not is_asked_for and self._was_nothing(turn):
            self._go_on_with(self._stopped, turn, request)
            return
        reply = self._new_reply(options, turn)
        self._show(reply, request)
        question = Question(request, options.instructions or "", turn, self.conversation, self.settings)
        messages = partial(question.messages, self._hearing, self._hear_recording)
        self._begin(reply, messages, None if is_asked_for else turn)

    def _was_nothing(self, turn: Turn) -> bool:
        """Whether what stopped the last reply turned out to leave the assistant the floor."""
        return turn.utterance.words is not None and is_reaction(turn.utterance.words, self._asked())

    def _go_on_with(self, stopped: Reply, turn: Turn, request: ReplyRequested) -> None:
        """Say the rest of a reply that was stopped by nothing."""
        self._stopped = None
        reply = self._new_reply(stopped.options, turn)
        self._show(reply, request, continues=stopped.id)
        reply.go_on_with(stopped)
        self._replies[reply.id] = (reply, self._group.create_task(self._give(reply)))

    def _new_reply(self, options: ReplyOptions, turn: Turn | None, *, is_guess: bool = False) -> Reply:
        reply_id = new_id("resp")
        conversation = self.conversation if options.in_conversation else None
        delivery = Delivery(reply_id, self.outbox, conversation, held=is_guess)
        model = self._providers.language_model
        return Reply(
            id=reply_id,
            options=options,
            settings=self.settings,
            session_id=self.id,
            voice=self._providers.text_to_speech,
            writing=Writing(model, self._tools, options, self.settings, self.id, delivery),
            delivery=delivery,
            waterfall=self._new_waterfall(reply_id, turn),
        )

    def _new_waterfall(self, reply_id: str, turn: Turn | None) -> Waterfall:
        if turn is None:
            return Waterfall(self.conversation.last_id or "", reply_id, _now())
        waterfall = Waterfall(turn.utterance.item_id, reply_id, turn.speech_ended_at)
        waterfall.mark("pause", turn.noticed_at)
        return waterfall

    def _show(self, reply: Reply, request: ReplyRequested, continues: str | None = None) -> None:
        """Let the client know of a reply, and the user hear it."""
        if reply.options.in_conversation:
            self._reply = reply
        reply.waterfall.committed_at = _now()
        reply.waterfall.waste, self._waste = self._waste, Waste()
        self._ear.expect(reply)
        self.outbox.put(ReplyStarted(reply.id, reply.options, request.request_id, continues))
        reply.delivery.release()
        if reply.options.in_conversation and reply.options.modality == "audio":
            self._stop_waiting()
            due = self._moment_seconds(reply)
            self._moment_timer = asyncio.get_running_loop().call_later(due, self._say_moment, reply)

    def _moment_seconds(self, reply: Reply) -> float:
        """After which an answer is late: sooner if the end of the turn was waited for, for the user waited as well."""
        waited = reply.waterfall.committed_at - reply.waterfall.speech_ended_at
        longest = self.settings.moment_seconds
        return min(longest, max(SHORTEST_MOMENT_SECONDS, longest + USUAL_PAUSE_SECONDS - waited))

    def _stop_waiting(self) -> None:
        """Nobody has to be told any more that the answer is late."""
        if self._moment_timer:
            self._moment_timer.cancel()
            self._moment_timer = None

    def _say_moment(self, reply: Reply) -> None:
        """The answer is late: say so."""
        phrase = self._providers.phrases().moment
        if phrase and not self._is_over and reply.id in self._replies and not reply.playback.made_seconds:
            self._moment = self._group.create_task(reply.say(phrase))

    def _begin(self, reply: Reply, messages: Messages, turn: Turn | None = None) -> None:
        self._replies[reply.id] = (reply, self._group.create_task(self._give(reply, messages, turn)))

    async def _give(self, reply: Reply, messages: Messages | None = None, turn: Turn | None = None) -> None:
        """Give a reply to these messages; None: what it says is being written already."""
        try:
            with self._failing_with_its_work():
                if messages:
                    asked = await messages()
                    reply.waterfall.mark("transcript", _now())
                    if turn and self._stopped and self._was_nothing(turn):
                        # Its words came late.
                        stopped, self._stopped = self._stopped, None
                        reply.go_on_with(stopped)
                    else:
                        self._leave_stopped(reply)
                        reply.writing.start(self._spawn, asked)
                await reply.run()
        except ProviderError as error:
            if reply.is_over:
                # A provider that cannot even be cancelled in peace. Whoever has cancelled has told everybody.
                return
            if reply is self._guess:
                # At the end of the turn there is another try.
                self._drop_guess()
                return
            await self._apologise(reply)
            if reply.is_over:
                return
            reply.fail(error)
        del self._replies[reply.id]
        if reply.options.in_conversation:
            unheard_seconds = reply.playback.made_seconds - reply.playback.heard_seconds(_now())
            self._decide(ReplyEnded(unheard_seconds))

    def _leave_stopped(self, reply: Reply) -> None:
        """Another reply is given than the one that was stopped: nobody wants its rest any more."""
        if self._stopped and reply.options.in_conversation and not reply.delivery.is_held:
            self._stopped.writing.stop()
            self._stopped = None

    async def _apologise(self, reply: Reply) -> None:
        phrase = self._providers.phrases().apology
        if phrase and reply.options.in_conversation and reply.options.modality == "audio":
            await reply.say(phrase, is_last=True)

    def _greet(self, phrase: PreparedSpeech) -> None:
        """Say the first word."""
        request = ReplyRequested()
        self._turns.receive(request)
        reply = self._new_reply(request.options.completed_by(self.settings), None)
        reply.voice = PreparedVoice(phrase)
        reply.writing = Writing(PreparedWords(phrase), {}, reply.options, self.settings, self.id, reply.delivery)
        reply.writing.start(self._spawn, [])
        self._show(reply, request)
        self._replies[reply.id] = (reply, self._group.create_task(self._give(reply)))

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        async def watched() -> T:
            with self._failing_with_its_work():
                return await work()

        return self._group.create_task(watched())

    async def _hear_recording(self, utterance: Utterance) -> None:
        """Have audio transcribed for one reply alone: nobody is told."""
        transcripts = utterance.transcripts(self._providers.speech_to_text, self._transcription_options())
        async with aclosing(transcripts):
            async for _ in transcripts:
                pass

    # --- a sound over a reply ---

    def _duck(self) -> None:
        reply = self._reply
        if reply is None:
            return
        reply.delivery.hold()
        if reply.message and self._ear.sounds(_now()):
            self._ducked = True
            self.outbox.put(ReplyDucked(reply.id, reply.message.id))

    def _restore(self) -> None:
        reply = self._reply
        if reply is None:
            return
        if reply.message and self._ducked:
            self.outbox.put(ReplyRestored(reply.id, reply.message.id))
        self._ducked = False
        reply.delivery.release()

    def _cancel_reply(self, reason: Literal["turn_detected", "client_cancelled"], *, is_sure: bool) -> None:
        reply = self._reply
        if reply is None:
            return
        self._ducked = False
        is_spoken = reply.options.modality == "audio" and reply.playback.made_seconds > 0
        may_go_on = not is_sure and is_spoken and not reply.has_failed
        if reply.id in self._replies:
            self._stop_reply(reply, reason, for_good=not may_go_on)
        if may_go_on and reply.playback.is_stopped:
            self._stopped = reply

    def _check(self, request: ReplyRequested) -> None:
        for item_id in (item for item in request.input or () if isinstance(item, str)):
            self._existing(item_id, "invalid_value")
        beside = sum(not reply.options.in_conversation for reply, _ in self._replies.values())
        if not request.options.in_conversation and beside >= MAX_REPLIES_BESIDE:
            message = f"{beside} responses are running beside the conversation. Wait until one of them is finished."
            raise RequestError("rate_limit_exceeded", message)

    def _cancel_requested(self, request: ReplyCancelled, reply_id: str | None) -> None:
        if reply_id in self._replies and not self._replies[reply_id][0].options.in_conversation:
            self._stop_reply(self._replies[reply_id][0], "client_cancelled", for_good=True)
        elif reply_id is None or (self._reply and reply_id == self._reply.id):
            self._decide(request)
        else:
            message = f"Cancellation failed: no active response with the id {reply_id!r} found."
            raise RequestError("response_cancel_not_active", message, param="response_id")

    def _stop_reply(
        self, reply: Reply, reason: Literal["turn_detected", "client_cancelled"], *, for_good: bool
    ) -> None:
        _, task = self._replies.pop(reply.id)
        task.cancel()
        if self._moment:
            self._moment.cancel()
        self.outbox.discard(reply.id)
        reply.playback.cut(reply.playback.heard_seconds(_now()))
        reply.stop(reason, for_good=for_good)
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
