"""A reply of which the end is not known: what of it was written, sent and heard, as far as the log tells."""

from dataclasses import replace

from pipeline.continuation import Called
from pipeline.events import ReplyAudio, ReplyStarted
from pipeline.items import FunctionCall
from pipeline.playback import Playback
from pipeline.providers.interfaces import SpokenText


class ReplyInProgress:
    """Follows one reply. Times are seconds since the session began.

    One that is the rest of another knows that one's words: were it cut in its turn, before the log has any words of its
    own, there would still be the rest.
    """

    def __init__(self, started: ReplyStarted, at: float, cut: "ReplyInProgress | None" = None) -> None:
        """`cut`: the one of which it says the rest, if that was cut with its session."""
        self.id = started.reply_id
        self.options = started.options
        self.continues = started.continues
        self.message_id: str | None = None
        """The item that is spoken or written, once it has begun."""
        self.open_calls: list[str] = []
        """Items: calls for the client that are being written."""
        self.is_written: bool = cut is not None and cut.is_written
        """Whether the model has written all of it."""
        self._before = cut.whole[: cut.rest_start] if cut else ""
        """What those had said that it is the rest of."""
        self._rest = cut.whole[cut.rest_start :] if cut else ""
        """With what it begins."""
        self._earlier_pieces = cut.pieces if cut else 0
        self._called: list[Called] = list(cut.called) if cut else []
        self._heard: str | None = None
        """Once it has ended: its words that count as heard."""
        self._written: list[str] = []
        self._sent: list[str] = []
        self._playback = Playback()
        self._playback.starts_at(at)

    @property
    def written(self) -> str:
        """All that it has to say, as far as the model had written it: sent or not."""
        # What is written is noted by sentences; the voice may be further, by a clause or a space.
        said = "".join(self._sent)[self._preface :]
        return max(self._composed, said, key=len)

    @property
    def whole(self) -> str:
        """The same, after what those had said that it is the rest of."""
        return self._before + self.written

    @property
    def pieces(self) -> int:
        """Messages that hold what was heard of `whole`."""
        return self._earlier_pieces + (self.message_id is not None and self._heard != "")

    @property
    def rest_start(self) -> int:
        """The character of `whole` that follows what was heard of it, once it has ended."""
        if not self._heard:
            return len(self._before)
        said = "".join(self._sent)[: self._preface] + self.written
        start = len(said) - len(said.lstrip()) + len(self._heard.strip())
        start += len(said[start:]) - len(said[start:].lstrip())
        return len(self._before) + max(0, start - self._preface)

    @property
    def called(self) -> tuple[Called, ...]:
        """The functions that it has called, and those had that it is the rest of."""
        return tuple(self._called)

    @property
    def waits_for_client(self) -> bool:
        """Whether it has called what the client runs, and nothing else: then that was its end."""
        return bool(self._called) and all(each.by_client for each in self._called)

    def call(self, name: str, arguments: str) -> None:
        """A tool of the server runs."""
        self._called.append(Called(name, arguments))

    def returned(self, name: str, output: str) -> None:
        """It gave its result. Of several calls of one tool, the first that has none gets it."""
        for place, each in enumerate(self._called):
            if each.name == name and each.output is None and not each.by_client:
                self._called[place] = replace(each, output=output)
                return

    def begin_call(self, item_id: str) -> None:
        """The model begins a call that the client is to run."""
        self.open_calls.append(item_id)

    def end_call(self, call: FunctionCall) -> None:
        """It is over; one that is whole may run already."""
        if call.id in self.open_calls:
            self.open_calls.remove(call.id)
        if call.status == "completed":
            self._called.append(Called(call.name, call.arguments, by_client=True))

    def end(self, heard: str) -> None:
        """Its message is over: these words of it count as heard."""
        self._heard = heard

    @property
    def sent_seconds(self) -> float:
        """Audio that was given to the client."""
        return self._playback.sent_seconds

    def speak(self, audio: ReplyAudio, at: float) -> None:
        """A piece of it was sent."""
        start = self._playback.made_seconds
        spoken = (SpokenText(audio.text, start, None),) if audio.text else ()
        self._playback.made(len(audio.samples), spoken)
        self._playback.sent(len(audio.samples), at)
        if audio.text:
            self._sent.append(audio.text)

    def write(self, text: str) -> None:
        """Characters of it were sent."""
        self._sent.append(text)

    def compose(self, text: str, *, is_complete: bool) -> None:
        """The model has written more of it."""
        self._written.append(text)
        self.is_written = self.is_written or is_complete

    def report(self, heard_seconds: float, at: float, *, playing: bool) -> None:
        """The client has played this much."""
        self._playback.reported(heard_seconds, at, playing=playing)

    def heard_seconds(self, at: float) -> float:
        """What the user has heard by then: as the client reported, and taken to go on from there in real time."""
        return self._playback.heard_seconds(at)

    def text(self, seconds: float) -> str:
        """The words that were said in this time; all that were sent, if it is not spoken."""
        if self.options.modality == "text":
            return "".join(self._sent)
        if seconds <= self.sent_seconds:
            return self._playback.heard_text(seconds)
        return f"{''.join(self._sent)[: self._preface]}{self.written[: self.said_characters(seconds)]}".strip()

    def said_characters(self, seconds: float) -> int:
        """How many characters of what is written were said in this time.

        The client may have got some tenths of a second more than the log knows of: how far that went follows from the
        pace of the voice.
        """
        if self.options.modality == "text":
            return max(0, len("".join(self._sent)) - self._preface)
        said = max(0, self._playback.heard_characters(min(seconds, self.sent_seconds)) - self._preface)
        unknown_seconds = seconds - self.sent_seconds
        if unknown_seconds <= 0:
            return said
        said += round(unknown_seconds / self._playback.measured_pace)
        space = self.written.find(" ", said)
        return len(self.written) if space < 0 else space + 1

    @property
    def _composed(self) -> str:
        return max("".join(self._written), self._rest, key=len)

    @property
    def _preface(self) -> int:
        """Characters that came before its words: phrases that nobody wrote for it, such as "one moment"."""
        sent, composed = "".join(self._sent), self._composed
        # Either may be ahead of the other.
        return next(
            length
            for length in range(len(sent) + 1)
            if composed.startswith(sent[length:]) or sent[length:].startswith(composed)
        )
