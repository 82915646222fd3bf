"""What the user has heard of the recent replies, and the conversation cut to it.

The model must not believe it said what nobody heard. So whenever a reply is stopped, be it while it is made or while
the loudspeaker is still playing it, its words in the conversation end where the ear stopped.
"""

import math
from collections import deque

from pipeline.conversation import Conversation
from pipeline.errors import RequestError
from pipeline.events import ItemCut, ReplyAudio, ReplyInterrupted
from pipeline.loudspeaker import Loudspeaker
from pipeline.outbox import Outbox
from pipeline.reply import Reply

MAX_CUTTABLE_REPLIES = 20
"""Replies, the newest, that can still be cut."""
TRUNCATION_TOLERANCE_SECONDS = 0.25
"""A client may claim to have played this much more than was sent: clocks and rounding differ."""
END_TOLERANCE_SECONDS = 0.1
"""Whoever has heard all but this much of an item has heard all its words."""


class Ear:
    """Follows the replies of one conversation from the moment they are sent. `now` is the event loop's time."""

    def __init__(self, conversation: Conversation, outbox: Outbox, loudspeaker: Loudspeaker) -> None:
        self._loudspeaker = loudspeaker
        self._conversation = conversation
        self._outbox = outbox
        self._replies: deque[Reply] = deque()

    def expect(self, reply: Reply) -> None:
        """This reply will be heard."""
        if self._replies:
            reply.playback.seconds_per_character = self._replies[-1].playback.measured_pace
        self._replies.append(reply)
        # Those that are still being given do not count: their pace depends on what is sent of them.
        while len(self._replies) > MAX_CUTTABLE_REPLIES and self._replies[0].is_over:
            self._replies.popleft()

    def forget(self) -> None:
        """Nothing more will be heard."""
        self._replies.clear()

    def sent(self, audio: ReplyAudio, now: float) -> None:
        """A piece of a reply was given to the client."""
        reply = self._spoken(audio.item_id)
        if reply is None:
            return
        if not reply.playback.sent_seconds and reply.options.in_conversation:
            # One loudspeaker: an earlier reply that is still being played comes first.
            reply.playback.starts_at(max((other.playback.ends_at(now) for other in self._audible()), default=now))
        reply.playback.sent(len(audio.samples), now)
        if reply.options.in_conversation:
            self._loudspeaker.play(audio.samples, now)
        if "sent" not in reply.waterfall:
            reply.waterfall.mark("sent", now)
            if not reply.settings.reports_playback:
                self._tell_where_time_went(reply)

    def heard(self, item_id: str, heard_seconds: float, now: float, *, playing: bool) -> None:
        """The client has played this much of an item. Raises RequestError if that is no length of time.

        A loudspeaker that falls silent was turned off, or has run dry because the network is slow. While more is being
        made nobody can tell; a complete reply counts as stopped until it is played on. Only speech, a cancellation and
        a truncation stop it for good.
        """
        _check_length(heard_seconds, "heard_ms")
        reply = self._spoken(item_id)
        if reply is None:
            return
        playback = reply.playback
        if playing and playback.may_play_on:
            self._play_on(reply)
        playback.reported(heard_seconds, now, playing=playing)
        if heard_seconds > 0 and "heard" not in reply.waterfall:
            reply.waterfall.mark("heard", now - heard_seconds)
            self._tell_where_time_went(reply)
        if playback.is_stopped and not playing:
            heard_seconds = min(heard_seconds, playback.sent_seconds)
            if playback.cut_seconds != heard_seconds:
                self._cut(reply, heard_seconds, may_play_on=playback.may_play_on)
        elif reply.is_over:
            self.ended(reply, now)

    def ended(self, reply: Reply, now: float) -> None:
        """A reply is complete: what of it the loudspeaker does not play is taken to be stopped."""
        playback = reply.playback
        if not playback.is_silent or playback.is_stopped:
            return
        heard_seconds = playback.heard_seconds(now)
        if heard_seconds < playback.end_seconds - END_TOLERANCE_SECONDS:
            self._cut(reply, heard_seconds, may_play_on=True)

    def stop_listening(self, now: float) -> None:
        """Speech stops what the loudspeaker still plays of replies that are already complete."""
        self._loudspeaker.stop()
        for reply in self._audible():
            reply.playback.may_play_on = False
            heard_seconds = reply.playback.heard_seconds(now)
            if reply.is_over and not reply.playback.is_stopped and heard_seconds < reply.playback.end_seconds:
                self._outbox.discard(reply.id)
                self._cut(reply, heard_seconds)

    def sounds(self, now: float) -> bool:
        """Whether the assistant can be heard at this moment."""
        return any(
            not reply.playback.is_stopped and reply.playback.ends_at(now) > now for reply in self._audible()[-2:]
        )

    def truncate(self, item_id: str, heard_seconds: float, now: float) -> None:
        """The client knows better how much was played. Raises RequestError if that is impossible."""
        _check_length(heard_seconds, "audio_end_ms")
        reply = self._spoken(item_id)
        if reply is None or reply.options.modality != "audio":
            raise RequestError("invalid_value", "Only the assistant's audio can be truncated.", param="item_id")
        sent_seconds = reply.playback.sent_seconds
        if heard_seconds > sent_seconds + TRUNCATION_TOLERANCE_SECONDS:
            sent, heard = f"{sent_seconds * 1000:.0f}ms", f"{heard_seconds * 1000:.0f}ms"
            message = f"Audio content of {sent} is already shorter than {heard}."
            raise RequestError("invalid_value", message, param="audio_end_ms")
        reply.playback.reported(heard_seconds, now, playing=False)
        text = reply.playback.cut(min(heard_seconds, sent_seconds))
        self._conversation.set_transcript(item_id, text)
        self._outbox.put(ItemCut(item_id, heard_seconds, text))

    def tell_what_was_heard(self, reply: Reply) -> None:
        """Let the client know where a reply was cut, if anything of it had been sent."""
        playback = reply.playback
        if reply.message and playback.sent_seconds and playback.cut_seconds is not None:
            self._outbox.put(ReplyInterrupted(reply.id, reply.message.id, playback.cut_seconds, playback.text))

    def _tell_where_time_went(self, reply: Reply) -> None:
        """Let the client see the waterfall of a turn that was answered; a greeting answers none."""
        if reply.options.in_conversation and reply.waterfall.item_id:
            self._outbox.put(reply.waterfall.measured())

    def _cut(self, reply: Reply, heard_seconds: float, *, may_play_on: bool = False) -> None:
        assert reply.message is not None
        text = reply.playback.cut(heard_seconds, may_play_on=may_play_on)
        self._conversation.set_transcript(reply.message.id, text)
        self.tell_what_was_heard(reply)

    def _play_on(self, reply: Reply) -> None:
        assert reply.message is not None
        text = reply.playback.play_on()
        self._conversation.set_transcript(reply.message.id, text)
        self._outbox.put(ReplyInterrupted(reply.id, reply.message.id, reply.playback.end_seconds, text))

    def _audible(self) -> list[Reply]:
        """What is meant for the loudspeaker; a reply beside the conversation is the client's own affair."""
        return [reply for reply in self._replies if reply.options.in_conversation and reply.playback.made_seconds]

    def _spoken(self, item_id: str) -> Reply | None:
        for reply in self._replies:
            if reply.message and reply.message.id == item_id:
                return reply
        return None


def _check_length(seconds: float, param: str) -> None:
    if not math.isfinite(seconds) or seconds < 0:
        raise RequestError("invalid_value", f"{seconds!r} is no length of time: give 0 or more.", param=param)
