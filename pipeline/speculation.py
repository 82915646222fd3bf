"""Whether a pause is worth preparing for: asking for its words, and preparing the answer to them.

Work that is done in a pause is free if the pause was the end of the turn, and wasted if it was not. So it is bounded
per turn and per minute, and an answer is prepared only when the wait that is left is short enough for it to matter.
Time is seconds of audio received.
"""

from collections import deque

FIRST_LOOKS = 3
"""Pauses of one turn whose words are asked for …"""
SECONDS_PER_LOOK = 3.0
"""… and one more for every so many seconds of it: long turns have many pauses."""
LONG_PAUSE_SECONDS = 0.3
"""Silence that is no gap between two words. However many pauses a turn has, after so much of it its words are asked
for: without them it could only be ended by guessing."""
FIRST_GUESSES = 2
"""Answers that are prepared in one turn …"""
SECONDS_PER_GUESS = 10.0
"""… and one more for every so many seconds of it."""
GUESSES_PER_MINUTE = 20
WORTHWHILE_WAIT_SECONDS = 0.6
"""An answer is prepared when at most so much silence is missing to the end of the turn."""


class Speculation:
    """Counts what was tried in one conversation."""

    def __init__(self) -> None:
        self._looks = 0
        self._guesses = 0
        self._guessed_at: deque[float] = deque(maxlen=GUESSES_PER_MINUTE)

    def turn_began(self) -> None:
        """Count from zero."""
        self._looks = self._guesses = 0

    def look(self, silence_seconds: float, turn_seconds: float) -> bool:
        """Whether to ask for the words up to a pause that lasts so long already. Counts the attempt."""
        is_used_up = self._looks >= FIRST_LOOKS + turn_seconds / SECONDS_PER_LOOK
        if is_used_up and silence_seconds < LONG_PAUSE_SECONDS:
            return False
        self._looks += 1
        return True

    def guess(self, missing_seconds: float, turn_seconds: float, position_seconds: float) -> bool:
        """Whether to prepare an answer when so much silence is missing to the end of the turn. Counts the attempt."""
        if (
            missing_seconds > WORTHWHILE_WAIT_SECONDS
            or self._guesses >= FIRST_GUESSES + turn_seconds / SECONDS_PER_GUESS
        ):
            return False
        if len(self._guessed_at) == GUESSES_PER_MINUTE and position_seconds - self._guessed_at[0] < 60.0:
            return False
        self._guesses += 1
        self._guessed_at.append(position_seconds)
        return True
