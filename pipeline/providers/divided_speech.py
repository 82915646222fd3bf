"""One utterance that a vendor transcribes in parts: each is committed at a pause, where the utterance may be over.

Pure: it is told what was heard and what the vendor answered, and says what to send and what that means.
"""

import re
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.audio import FRAME_SECONDS, INPUT_RATE, AudioFrame, Samples
from pipeline.providers.interfaces import Transcript

PIECE_FRAMES = round(0.1 / FRAME_SECONDS)
"""Sent at a time: each message costs. What is committed is sent at once, so that nothing is later for it."""
MAX_HELD_FRAMES = round(2.0 / FRAME_SECONDS)
"""Silence that is not sent yet; of more, nobody will know that it came later."""

_STOP = re.compile(r"(?<=\w)(\.|\.\.\.|…)$")
_ABBREVIATION = re.compile(r"\w\.\w+\.$")


@dataclass(frozen=True, slots=True)
class Piece:
    """What to send next."""

    samples: Samples
    """int16, 16 kHz."""
    commit: bool
    """Whether the vendor is to tell the words up to the end of it."""


class DividedSpeech:
    """What was sent and answered of one utterance, and whether anything was said since.

    After a commit, silence is held back until speech goes on: so nothing needs to be asked again if it does not, and
    nothing is lost if it does.
    """

    def __init__(self, shortest_seconds: float) -> None:
        """`shortest_seconds`: a commit of less is refused, so the difference is filled with silence."""
        self._shortest_samples = round(shortest_seconds * INPUT_RATE)
        self._parts: dict[str, str] = {}
        self._held: list[Samples] = []
        self._uncommitted_samples = 0
        self._goes_on = True
        self._unanswered = 0
        self._is_over = False

    @property
    def text(self) -> str:
        """All words so far."""
        return joined(self._parts.values())

    @property
    def is_complete(self) -> bool:
        """Whether the words of the whole utterance are known."""
        return self._is_over and not self._unanswered

    async def pieces(self, first: AudioFrame, audio: AsyncIterator[AudioFrame]) -> AsyncGenerator[Piece, None]:
        """What to send of an utterance, until its end."""
        if piece := self.push(first):
            yield piece
        async for frame in audio:
            if piece := self.push(frame):
                yield piece
        if piece := self.finish():
            yield piece

    def push(self, frame: AudioFrame) -> Piece | None:
        """Take the next frame."""
        self._goes_on = self._goes_on or frame.is_speech
        self._held.append(frame.samples)
        if self._goes_on and frame.may_be_last:
            return self._commit()
        if len(self._held) >= (PIECE_FRAMES if self._goes_on else MAX_HELD_FRAMES):
            return Piece(self._take(), commit=False)
        return None

    def finish(self) -> Piece | None:
        """There are no more frames."""
        self._is_over = True
        return self._commit() if self._goes_on else None

    def begin(self, part: str) -> None:
        """The vendor names the part that follows the others."""
        self._parts.setdefault(part, "")

    def show(self, part: str, text: str) -> Transcript:
        """The vendor says how a part begins."""
        self._parts[part] = text
        return Transcript(self.text, is_final=False)

    def show_more(self, part: str, delta: str) -> Transcript:
        """The vendor says how a part goes on."""
        return self.show(part, self._parts.get(part, "") + delta)

    def answer(self, part: str, text: str) -> Transcript:
        """The vendor says what a part is: one that was committed, or else one that got too long for it."""
        self._parts[part] = text
        if not self._unanswered:
            return Transcript(self.text, is_final=False)
        self._unanswered -= 1
        is_settled = not (self._goes_on or self._unanswered or self._is_over)
        return Transcript(self.text, is_final=self.is_complete, is_settled=is_settled)

    def _commit(self) -> Piece:
        samples = self._take()
        missing = max(0, self._shortest_samples - self._uncommitted_samples)
        self._uncommitted_samples = 0
        self._unanswered += 1
        self._goes_on = False
        return Piece(np.concatenate((samples, np.zeros(missing, np.int16))) if missing else samples, commit=True)

    def _take(self) -> Samples:
        held, self._held = self._held, []
        samples = held[0] if len(held) == 1 else np.concatenate((*held, np.zeros(0, np.int16)))
        self._uncommitted_samples += len(samples)
        return samples


def joined(parts: Iterable[str]) -> str:
    """Parts of one utterance as one text.

    A vendor ends each part as if it were a sentence: its full stop goes where the next part shows that it was none.
    """
    text = ""
    for part in filter(None, map(str.strip, parts)):
        if part[0].islower() and not _ABBREVIATION.search(text):
            text = _STOP.sub("", text)
        separator = "" if not text or (_is_wide(text[-1]) and _is_wide(part[0])) else " "
        text += separator + part
    return text


def _is_wide(character: str) -> bool:
    """Whether its script writes words without spaces between."""
    return unicodedata.east_asian_width(character) in "WF"
