"""What the microphone heard and the server may have to hear again: a network loses what is on its way."""

from collections import deque

from voice_client.events import RATE, Samples

LONGEST_SECONDS = 60.0
"""Of more, the oldest is lost."""
LONGEST_BEFORE_SECONDS = 10.0
"""Before there was a conversation."""
OVERLAP_SECONDS = 1.5
"""A turn is known to be over a moment after it was, and speech to have begun a moment after it did."""
MAX_TURNS = 64
"""Whose words may be awaited; of more, the oldest count as known."""


class KeptAudio:
    """The microphone's samples in order: those that were sent since the last turn that the server has understood, then
    those that are to be sent."""

    def __init__(self) -> None:
        self._sent: deque[Samples] = deque()
        self._unsent: deque[Samples] = deque()
        self._length = 0
        self._longest = int(LONGEST_BEFORE_SECONDS * RATE)
        self._speech_from: int | None = None
        self._sent_samples = 0
        """Over this connection."""
        self._turns: dict[str, int] = {}
        """By item: where the turns end whose words are not known."""

    def add(self, samples: Samples) -> None:
        """The microphone went on: int16, shape (n,)."""
        self._unsent.append(samples)
        self._length += len(samples)
        while self._length > self._longest:
            self._length -= len((self._sent or self._unsent).popleft())

    def next(self) -> Samples | None:
        """What is to be sent now; counts as sent. None: everything was."""
        if not self._unsent:
            return None
        samples = self._unsent.popleft()
        self._sent.append(samples)
        self._sent_samples += len(samples)
        return samples

    def take_back(self) -> None:
        """What `next` gave last could not be sent."""
        if self._sent:
            samples = self._sent.pop()
            self._unsent.appendleft(samples)
            self._sent_samples -= len(samples)

    def begin(self) -> None:
        """There is a conversation: from now on more is kept."""
        self._longest = int(LONGEST_SECONDS * RATE)

    def speech_started(self) -> None:
        """The server hears the user speak."""
        self._speech_from = self._sent_samples - int(OVERLAP_SECONDS * RATE)

    def commit(self, item_id: str, *, awaits_words: bool) -> None:
        """The server has all of a turn: only the newest of what was sent may belong to the next one.

        `awaits_words`: `understood` will be called, and until then all of it may have to be heard again.
        """
        self._speech_from = None
        self._turns[item_id] = self._sent_samples
        if not awaits_words:
            self.understood(item_id)
        elif len(self._turns) > MAX_TURNS:
            self.understood(next(iter(self._turns)))

    def understood(self, item_id: str) -> None:
        """The words of a turn are known, or will never be."""
        end = self._turns.pop(item_id, None)
        if end is None:
            return
        kept = sum(map(len, self._sent))
        needed = self._sent_samples - end + OVERLAP_SECONDS * RATE
        while self._sent and kept - len(self._sent[0]) >= needed:
            kept -= len(self._sent[0])
            self._length -= len(self._sent.popleft())

    def resume(self, position: int) -> None:
        """Another connection goes on: what was sent over the lost one from this sample on is sent over the new one.

        What is not kept any more cannot be sent again.
        """
        self._move(self._sent_samples - position)

    def restart(self, *, everything: bool) -> None:
        """Another conversation begins, and hears anew what the user was saying; or `everything` of the last turn."""
        if everything:
            self._move(self._length)
        else:
            self._move(0 if self._speech_from is None else self._sent_samples - self._speech_from)
        self._speech_from = None

    def _move(self, count: int) -> None:
        """The newest `count` samples that were sent are to be sent over another connection."""
        while count > 0 and self._sent:
            samples = self._sent.pop()
            if len(samples) > count:
                self._sent.append(samples[: len(samples) - count])
                samples = samples[len(samples) - count :]
            self._unsent.appendleft(samples)
            count -= len(samples)
        self._length -= sum(map(len, self._sent))
        self._sent.clear()
        self._sent_samples = 0
        self._turns.clear()
