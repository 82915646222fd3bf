"""The assistant's half of a conversation: its replies, from the first guess at an answer to the rest of a stopped one.

Nothing is decided here: turn_taking.py says when a reply begins, is held, goes on or is stopped, and the session has it
done. What takes time runs in a task of the session; a reply that is over gives back ReplyEnded as the task's result.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from pipeline.continuation import Continuation, Unfinished
from pipeline.conversation import Conversation
from pipeline.delivery import Delivery
from pipeline.ear import Ear
from pipeline.errors import ProviderError, RequestError
from pipeline.events import GuessDropped, ReplyDucked, ReplyRequested, ReplyRestored, ReplyStarted, Waste
from pipeline.items import new_id
from pipeline.latency import Waterfall
from pipeline.outbox import Outbox
from pipeline.prepared import Phrases, PreparedVoice, PreparedWords
from pipeline.providers.interfaces import LanguageModel, ModelMessage, TextToSpeech
from pipeline.question import Turn
from pipeline.reactions import is_reaction
from pipeline.reply import Reply
from pipeline.settings import ReplyOptions, SessionSettings
from pipeline.tools import Tool
from pipeline.turn_taking import ReplyEnded
from pipeline.writing import Spawn, Writing

SHORTEST_MOMENT_SECONDS = 0.8
"""An answer may take so long after the end of the turn, however long that was waited for, before it is announced."""
USUAL_PAUSE_SECONDS = 1.0
"""Silence at the end of a turn that does not make an answer late."""
MAX_REPLIES_BESIDE = 8
"""Replies outside the conversation that may be given at the same time."""

Messages = Callable[[], Coroutine[Any, Any, list[ModelMessage] | None]]
"""What a reply answers, as soon as all of it is known; None: there is nothing to answer."""
StopReason = Literal["turn_detected", "client_cancelled"]


@dataclass(slots=True, eq=False)
class Replies:
    """Those of one conversation."""

    session_id: str
    settings: SessionSettings
    """As they are now; a reply keeps those it began with."""
    conversation: Conversation
    outbox: Outbox
    ear: Ear
    spawn: Spawn
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    phrases: Callable[[], Phrases]
    """What can be said without either of them, as far as it is ready."""
    tools: Mapping[str, Tool]
    being_given: dict[str, tuple[Reply, asyncio.Task[Any]]] = field(default_factory=dict)
    """By id; a guess is one of them."""
    _last: Reply | None = None
    """The last one of the conversation, whether given or being given: what the user may be hearing."""
    _guess: Reply | None = None
    """An answer to what is being said, in case that it is all."""
    _stopped: Reply | None = None
    """One that goes on if it was stopped by nothing."""
    _waste: Waste = field(default_factory=Waste)
    """What earlier guesses at this turn cost."""
    _ducked: bool = False
    """Whether the client was told to play quietly."""
    _moment_timer: asyncio.TimerHandle | None = None
    """When the answer will be late."""
    _moment: asyncio.Task[Any] | None = None
    """Says that the answer is late."""

    # --- to begin one ---

    def greet(self) -> bool:
        """Say the first word, if there is one ready; tell whether there was."""
        phrase = self.phrases().greeting
        if phrase is None:
            return False
        request = ReplyRequested()
        reply = self._new(request.options.completed_by(self.settings), None)
        reply.voice = PreparedVoice(phrase)
        reply.writing = Writing(
            PreparedWords(phrase), {}, reply.options, self.settings, self.session_id, reply.delivery
        )
        reply.writing.start(self.spawn, [])
        self._show(reply, request)
        self._begin(reply)
        return True

    def resume(self, unfinished: Unfinished, messages: Messages) -> None:
        """Go on with a reply of an earlier session of this conversation."""
        reply = self._new(unfinished.options, None)
        model = Continuation(self.language_model, unfinished, self.tools)
        reply.writing = Writing(model, self.tools, reply.options, self.settings, self.session_id, reply.delivery)
        self._show(reply, ReplyRequested(), continues=unfinished.reply_id or None)
        self._begin(reply, messages)

    def guess(self, turn: Turn, messages: Messages) -> None:
        """Answer a turn as if it were over; nobody is told of it before it is."""
        self._guess = reply = self._new(ReplyOptions().completed_by(self.settings), turn, is_guess=True)
        reply.waterfall.mark("transcript", _now())
        self._begin(reply, messages)

    def drop_guess(self) -> None:
        """The user went on: the guess, if there is one, never was."""
        guess, self._guess = self._guess, None
        if guess is None:
            return
        _, task = self.being_given.pop(guess.id)
        task.cancel()
        self._waste += guess.waste
        self.outbox.put(GuessDropped(guess.id, guess.waste))
        guess.forget()

    def answer(self, turn: Turn | None, messages: Messages) -> None:
        """A turn is over: release the guess at it, go on with what it stopped, or begin a reply."""
        request = ReplyRequested()
        if self._guess:
            guess, self._guess = self._guess, None
            self._show(guess, request)
            self._leave_stopped(guess)
        elif self._stopped and turn and self._was_nothing(turn):
            self._go_on_with(self._stopped, turn)
        else:
            reply = self._new(request.options.completed_by(self.settings), turn)
            self._show(reply, request)
            self._begin(reply, messages, turn)

    def give(self, request: ReplyRequested, turn: Turn | None, messages: Messages) -> None:
        """The client asks for a reply."""
        reply = self._new(request.options.completed_by(self.settings), turn)
        self._show(reply, request)
        self._begin(reply, messages)

    def _was_nothing(self, turn: Turn) -> bool:
        """Whether what stopped the last reply turned out to leave the assistant the floor."""
        return turn.utterance.words is not None and is_reaction(turn.utterance.words, self.conversation.last_said)

    def _go_on_with(self, stopped: Reply, turn: Turn) -> None:
        """Say the rest of a reply that was stopped by nothing."""
        self._stopped = None
        reply = self._new(stopped.options, turn)
        self._show(reply, ReplyRequested(), continues=stopped.id)
        reply.go_on_with(stopped)
        self._begin(reply)

    def _leave_stopped(self, reply: Reply) -> None:
        """Another reply is given than the one that was stopped: nobody wants its rest any more."""
        if self._stopped and reply.options.in_conversation and not reply.delivery.is_held:
            self._stopped.writing.stop()
            self._stopped = None

    def _new(self, options: ReplyOptions, turn: Turn | None, *, is_guess: bool = False) -> Reply:
        reply_id = new_id("resp")
        conversation = self.conversation if options.in_conversation else None
        delivery = Delivery(reply_id, self.outbox, conversation, held=is_guess)
        return Reply(
            id=reply_id,
            options=options,
            settings=self.settings,
            session_id=self.session_id,
            voice=self.text_to_speech,
            writing=Writing(self.language_model, self.tools, options, self.settings, self.session_id, delivery),
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
            self._last = reply
        reply.waterfall.committed_at = _now()
        reply.waterfall.waste, self._waste = self._waste, Waste()
        self.ear.expect(reply)
        self.outbox.put(ReplyStarted(reply.id, reply.options, request.request_id, continues))
        reply.delivery.release()
        if reply.options.in_conversation and reply.options.modality == "audio":
            self.stop_waiting()
            due = self._moment_seconds(reply)
            self._moment_timer = asyncio.get_running_loop().call_later(due, self._say_moment, reply)

    # --- while it is given ---

    def _begin(self, reply: Reply, messages: Messages | None = None, turn: Turn | None = None) -> None:
        self.being_given[reply.id] = (reply, self.spawn(partial(self._give, reply, messages, turn)))

    async def _give(self, reply: Reply, messages: Messages | None, turn: Turn | None) -> ReplyEnded | None:
        """Give a reply to these messages; None: what it says is being written already."""
        try:
            if messages:
                self._write(reply, await messages(), turn)
            await reply.run()
        except ProviderError as error:
            if reply.is_over:
                # A provider that cannot even be cancelled in peace. Whoever has cancelled has told everybody.
                return None
            if reply is self._guess:
                # At the end of the turn there is another try.
                self.drop_guess()
                return None
            await self._apologise(reply)
            if reply.is_over:
                return None
            reply.fail(error)
        del self.being_given[reply.id]
        self.ear.ended(reply, _now())
        if not reply.options.in_conversation:
            return None
        return ReplyEnded(reply.playback.made_seconds - reply.playback.heard_seconds(_now()))

    def _write(self, reply: Reply, messages: list[ModelMessage] | None, turn: Turn | None) -> None:
        """All that is asked is known now."""
        reply.waterfall.mark("transcript", _now())
        if turn and self._stopped and self._was_nothing(turn):
            # Its words came late.
            stopped, self._stopped = self._stopped, None
            reply.go_on_with(stopped)
        else:
            self._leave_stopped(reply)
            reply.writing.start(self.spawn, messages)

    async def _apologise(self, reply: Reply) -> None:
        phrase = self.phrases().apology
        if phrase and reply.options.in_conversation and reply.options.modality == "audio":
            await reply.say(phrase, is_last=True)

    def _moment_seconds(self, reply: Reply) -> float:
        """After which an answer is late: sooner if the end of the turn was waited for, for the user waited as well."""
        waited = reply.waterfall.committed_at - reply.waterfall.speech_ended_at
        longest = self.settings.moment_seconds
        return min(longest, max(SHORTEST_MOMENT_SECONDS, longest + USUAL_PAUSE_SECONDS - waited))

    def _say_moment(self, reply: Reply) -> None:
        """The answer is late: say so."""
        phrase = self.phrases().moment
        if phrase and reply.id in self.being_given and not reply.playback.made_seconds:
            self._moment = self.spawn(partial(reply.say, phrase))

    def stop_waiting(self) -> None:
        """Nobody has to be told any more that the answer is late."""
        if self._moment_timer:
            self._moment_timer.cancel()
            self._moment_timer = None

    # --- a sound over it ---

    def duck(self) -> None:
        """Send no more of the last one for now; what was sent is to be played quietly."""
        reply = self._last
        if reply is None:
            return
        reply.delivery.hold()
        if reply.message and self.ear.sounds(_now()):
            self._ducked = True
            self.outbox.put(ReplyDucked(reply.id, reply.message.id))

    def restore(self) -> None:
        """The sound was nothing: go on."""
        reply = self._last
        if reply is None:
            return
        if reply.message and self._ducked:
            self.outbox.put(ReplyRestored(reply.id, reply.message.id))
        self._ducked = False
        reply.delivery.release()

    # --- to end it ---

    def cancel(self, reason: StopReason, *, is_sure: bool) -> None:
        """Stop the last one. If it is not sure that somebody wants that, its rest may still be said."""
        reply = self._last
        if reply is None:
            return
        self._ducked = False
        is_spoken = reply.options.modality == "audio" and reply.playback.made_seconds > 0
        may_go_on = not is_sure and is_spoken and not reply.has_failed
        if reply.id in self.being_given:
            self._stop(reply, reason, for_good=not may_go_on)
        if may_go_on and reply.playback.is_stopped:
            self._stopped = reply

    def cancel_beside(self, reply_id: str | None) -> bool:
        """Stop the one of this id if it is given beside the conversation; tell whether it was."""
        reply, _ = self.being_given.get(reply_id or "", (None, None))
        if reply is None or reply.options.in_conversation:
            return False
        self._stop(reply, "client_cancelled", for_good=True)
        return True

    def is_last(self, reply_id: str) -> bool:
        """Whether this is the id of the last one of the conversation."""
        return self._last is not None and self._last.id == reply_id

    def check_room_beside(self) -> None:
        """Raises RequestError if no other reply can be given beside the conversation."""
        beside = sum(not reply.options.in_conversation for reply, _ in self.being_given.values())
        if beside >= MAX_REPLIES_BESIDE:
            message = f"{beside} responses are running beside the conversation. Wait until one of them is finished."
            raise RequestError("rate_limit_exceeded", message)

    def end(self) -> None:
        """The conversation is over: stop all work. It is done when the session's tasks are."""
        self.stop_waiting()
        for reply, task in self.being_given.values():
            task.cancel()
            reply.writing.stop()
        if self._moment:
            self._moment.cancel()
        if self._stopped:
            self._stopped.writing.stop()

    def forget(self) -> None:
        """All work is done. What was cancelled before its first step could not leave by itself.

        Replies know their conversation: whoever keeps it shall not keep them, nor wait for the garbage collector.
        """
        self.stop_waiting()
        self.being_given.clear()
        self._last = self._guess = self._stopped = None

    def _stop(self, reply: Reply, reason: StopReason, *, for_good: bool) -> None:
        _, task = self.being_given.pop(reply.id)
        task.cancel()
        if self._moment:
            self._moment.cancel()
        self.outbox.discard(reply.id)
        reply.playback.cut(reply.playback.heard_seconds(_now()))
        reply.stop(reason, for_good=for_good)
        self.ear.tell_what_was_heard(reply)


def _now() -> float:
    """Seconds of the event loop's clock; in tests it may be a virtual one."""
    return asyncio.get_running_loop().time()
