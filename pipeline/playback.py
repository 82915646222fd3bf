"""One spoken item: what was sent, and how much of it the user has heard, in seconds and in words.

Where the client reports what its loudspeaker has played, that is what counts. Until it does, it is taken to play
what it gets at once and in real time. The time `now` is always an argument, in seconds of any steady clock.
"""

import re

from pipeline.audio import OUTPUT_RATE
from pipeline.providers.interfaces import SpokenText


class Playback:
    """How far one spoken item has been said and heard."""

    def __init__(self) -> None:
        self.made_seconds = 0.0
        """Audio that exists, sent or not."""
        self.sent_seconds = 0.0
        """Audio that was given to the client."""
        self.cut_seconds: float | None = None
        """Where the item ends for good, if it was stopped before its end."""
        self._pieces: list[SpokenText] = []
        self._position = 0.0
        self._at = 0.0
        self._playing = True

    def made(self, sample_count: int, spoken: tuple[SpokenText, ...] = ()) -> None:
        """More of the item exists: samples at 24 kHz, and the pieces of text that begin in them."""
        self._pieces.extend(spoken)
        self.made_seconds += sample_count / OUTPUT_RATE

    def sent(self, sample_count: int, now: float) -> None:
        """Samples of what exists were given to the client."""
        self._position, self._at = self.heard_seconds(now), now
        self.sent_seconds += sample_count / OUTPUT_RATE

    def reported(self, heard_seconds: float, now: float, *, playing: bool) -> None:
        """The client has played this much, and plays on or does not."""
        self._position = min(max(heard_seconds, 0.0), self.sent_seconds)
        self._at = now
        self._playing = playing

    def heard_seconds(self, now: float) -> float:
        """How much the user has heard: never more than was sent."""
        elapsed = now - self._at if self._playing else 0.0
        return min(self.sent_seconds, self._position + elapsed)

    def seconds_too_early(self, max_lead_seconds: float, now: float) -> float:
        """How long to wait before more is worth sending, so that the lead over the ear stays bounded."""
        if not self._playing:
            # What is not being played needs no pacing: whoever stopped it also decides about the rest.
            return 0.0
        early = self.made_seconds - max_lead_seconds - self.heard_seconds(now)
        # A clock does not resolve less, and rounding must not make a wait out of nothing.
        return early if early > 0.001 else 0.0

    def cut(self, heard_seconds: float) -> str:
        """The item was stopped: only this much of it counts from now on. Gives the words that are left."""
        self.cut_seconds = heard_seconds
        return self.text

    @property
    def text(self) -> str:
        """The words of the item: all that were made, or those that are left."""
        if self.cut_seconds is not None:
            return self.heard_text(self.cut_seconds)
        return "".join(piece.text for piece in self._pieces)

    def heard_text(self, heard_seconds: float) -> str:
        """The words of which at least the greater part was heard after this many seconds of the item."""
        words = []
        for index, piece in enumerate(self._pieces):
            if piece.start_seconds >= heard_seconds:
                break
            share = (heard_seconds - piece.start_seconds) / max(self._end_of(index) - piece.start_seconds, 1e-9)
            words.append(piece.text if share >= 1 else _beginning(piece.text, share))
        return "".join(words).strip()

    def _end_of(self, index: int) -> float:
        end = self._pieces[index].end_seconds
        if end is not None:
            return end
        following = index + 1
        return self._pieces[following].start_seconds if following < len(self._pieces) else self.made_seconds


def _beginning(text: str, share: float) -> str:
    """The words of a text whose middle lies within its first `share` (0 to 1), as the voice goes through it evenly."""
    heard_characters = share * len(text.rstrip())
    end = 0
    for word in re.finditer(r"\S+\s*", text):
        if word.start() + len(word.group().rstrip()) / 2 > heard_characters:
            break
        end = word.end()
    return text[:end]
