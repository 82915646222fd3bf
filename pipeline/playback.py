"""One spoken item: what was sent, and how much of it the user has heard, in seconds and in words.

Where the client reports what its loudspeaker has played, that is what counts. Until it does, it is taken to play
what it gets in real time, as soon as the loudspeaker is free. The time `now` is always an argument, in seconds of any
steady clock.
"""

import re

from pipeline.audio import OUTPUT_RATE
from pipeline.providers.interfaces import SpokenText

SECONDS_PER_CHARACTER = 0.065
"""The pace of a voice of which nothing is known: about 150 English words a minute."""


class Playback:
    """How far one spoken item has been said and heard."""

    def __init__(self) -> None:
        self.seconds_per_character = SECONDS_PER_CHARACTER
        """How fast the voice is expected to be; counts only for a piece of text whose end it has not told."""
        self.made_seconds = 0.0
        """Audio that exists, sent or not."""
        self.sent_seconds = 0.0
        """Audio that was given to the client."""
        self.cut_seconds: float | None = None
        """Where the item ends for good, if it was stopped or broke off before its end."""
        self.is_stopped = False
        """Whether somebody stopped it: nothing that was not heard by then will be."""
        self.may_play_on = False
        """Whether that is only what the client's silence looks like."""
        self._uncut_seconds: float | None = None
        """What `cut_seconds` was before."""
        self._pieces: list[SpokenText] = []
        self._everything_is_made = False
        self._position = 0.0
        self._at = 0.0
        self._playing = True

    def made(self, sample_count: int, spoken: tuple[SpokenText, ...] = ()) -> None:
        """More of the item exists: samples at 24 kHz, and the pieces of text that begin in them."""
        self._pieces.extend(spoken)
        self.made_seconds += sample_count / OUTPUT_RATE

    def finished(self) -> None:
        """No more of it will be made: everything was said."""
        self._everything_is_made = True

    def break_off(self) -> None:
        """No more of it will be made, although not everything was said; what exists will still be heard."""
        self.cut_seconds = self.made_seconds

    def starts_at(self, time: float) -> None:
        """The loudspeaker will not be free before this time."""
        self._at = time

    def sent(self, sample_count: int, now: float) -> None:
        """Samples of what exists were given to the client."""
        if self._playing:
            self._position, self._at = self.heard_seconds(now), max(now, self._at)
        self.sent_seconds += sample_count / OUTPUT_RATE

    def reported(self, heard_seconds: float, now: float, *, playing: bool) -> None:
        """The client has played this much, and plays on or does not."""
        if playing and self.is_stopped:
            # It was on its way when the client learned of the stop; what was played in the end is still to come.
            return
        self._position = min(max(heard_seconds, 0.0), self.sent_seconds)
        self._at = now
        self._playing = playing

    def heard_seconds(self, now: float) -> float:
        """How much the user has heard: never more than was sent."""
        return self._heard(now) if self._playing else self._position

    def ends_at(self, now: float) -> float:
        """When the loudspeaker will be through with what was sent."""
        return max(now, self._at) + self.sent_seconds - self.heard_seconds(now) if self._playing else now

    @property
    def end_seconds(self) -> float:
        """Where it ends, as far as it is known now."""
        return self.made_seconds if self.cut_seconds is None else self.cut_seconds

    def seconds_too_early(self, max_lead_seconds: float, now: float) -> float:
        """How long to wait before more is worth sending, so that the lead over the ear stays bounded."""
        # A loudspeaker that was stopped does not free the line: the rest is sent as if it were played on.
        early = self.made_seconds - max_lead_seconds - self._heard(now)
        # A clock does not resolve less, and rounding must not make a wait out of nothing.
        return early if early > 0.001 else 0.0

    @property
    def is_silent(self) -> bool:
        """Whether it does not sound, by the last report or because it was stopped, though more may have been sent."""
        return not self._playing

    def cut(self, heard_seconds: float, *, may_play_on: bool = False) -> str:
        """The item was stopped, or seems to be: only this much of it counts from now on. Gives its words."""
        if not self.is_stopped:
            self._uncut_seconds = self.cut_seconds
        self.cut_seconds = heard_seconds
        self.is_stopped = True
        self.may_play_on = may_play_on
        self._playing = False
        return self.text

    def play_on(self) -> str:
        """It only seemed to be stopped. Gives its words."""
        self.cut_seconds = self._uncut_seconds
        self.is_stopped = self.may_play_on = False
        return self.text

    @property
    def measured_pace(self) -> float:
        """Seconds per character of what was said so far; what was expected, if nothing was."""
        if not self._everything_is_made and self._pieces and self._pieces[-1].end_seconds is None:
            characters = sum(len(piece.text) for piece in self._pieces[:-1])
            seconds = self._pieces[-1].start_seconds
        else:
            characters = sum(len(piece.text) for piece in self._pieces)
            seconds = self._pieces[-1].end_seconds or self.made_seconds if self._pieces else 0.0
        return seconds / characters if characters and seconds else self.seconds_per_character

    @property
    def text(self) -> str:
        """The words of the item: all that were made, or those that are left."""
        if self.cut_seconds is not None:
            return self.heard_text(self.cut_seconds)
        return "".join(piece.text for piece in self._pieces)

    def heard_text(self, heard_seconds: float) -> str:
        """The words of which at least the greater part was heard after this many seconds of the item."""
        return self._heard_text(heard_seconds).strip()

    def heard_characters(self, heard_seconds: float) -> int:
        """How much of the text these words are, from its beginning."""
        return len(self._heard_text(heard_seconds))

    def _heard_text(self, heard_seconds: float) -> str:
        words = []
        for index, piece in enumerate(self._pieces):
            if piece.start_seconds >= heard_seconds:
                break
            share = (heard_seconds - piece.start_seconds) / max(self._end_of(index) - piece.start_seconds, 1e-9)
            words.append(piece.text if share >= 1 else _beginning(piece.text, share))
        return "".join(words)

    def _end_of(self, index: int) -> float:
        end = self._pieces[index].end_seconds
        if end is not None:
            return end
        following = index + 1
        if following < len(self._pieces):
            return self._pieces[following].start_seconds
        if self._everything_is_made:
            return self.made_seconds
        # The voice is still saying it: what exists of it is not all of it.
        expected = len(self._pieces[index].text) * self.measured_pace
        return max(self.made_seconds, self._pieces[index].start_seconds + expected)

    def _heard(self, now: float) -> float:
        """How much would be heard if nobody had stopped it."""
        return min(self.sent_seconds, self._position + max(0.0, now - self._at))


def _beginning(text: str, share: float) -> str:
    """The words of a text whose middle lies within its first `share` (0 to 1), as the voice goes through it evenly."""
    heard_characters = share * len(text)
    end = 0
    for word in re.finditer(r"\S+\s*", text):
        if word.start() + len(word.group().rstrip()) / 2 > heard_characters:
            break
        end = word.end()
    return text[:end]
