"""Sounds over a reply, frame by frame: when it gets quiet, when it is loud again, and what still interrupts it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, AudioFrame
from pipeline.endpointing import Pause
from pipeline.events import ReplyRequested
from pipeline.segmenter import Segmenter
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.turn_taking import (
    DOUBTS_MEMORY_SECONDS,
    MAX_DOUBTS,
    Action,
    CancelReply,
    DropUtterance,
    Duck,
    LookAhead,
    Restore,
    TurnTaking,
    Understood,
)

LOUD_AGAIN_SECONDS = 0.7
SETTINGS = SessionSettings(turn_detection=TurnDetection("semantic_vad"), ducks=True)


class Overheard:
    """A reply over which sounds are made."""

    def __init__(self, words: str = "mm-hm", words_after: float | None = None) -> None:
        """`words_after`: how long the recogniser takes to know the `words`; None: for ever."""
        self._turns = TurnTaking(SETTINGS)
        self._turns.receive(ReplyRequested())
        self._segmenter = Segmenter()
        self._words, self._words_after = words, words_after
        self._known_at: float | None = None
        self.done: list[tuple[float, Action]] = []

    def hear(self, *seconds: float) -> None:
        """Sound and silence in turns, the sound first."""
        for is_speech, part in zip(itertools.cycle((True, False)), seconds, strict=False):
            for _ in range(round(part / FRAME_SECONDS)):
                self._hear_frame(is_speech=is_speech)

    def times(self, kind: type[Action]) -> list[float]:
        """When it was done, in seconds of audio."""
        return [time for time, action in self.done if isinstance(action, kind)]

    def _hear_frame(self, *, is_speech: bool) -> None:
        voice = self._segmenter.push(AudioFrame(np.zeros(FRAME_SAMPLES, np.int16), is_speech))
        now = voice.position_seconds
        actions = self._turns.receive(replace(voice, over_reply=True))
        if is_speech:
            self._known_at = None
        if self._words_after is not None and any(isinstance(action, LookAhead) for action in actions):
            self._known_at = now + self._words_after
        if self._known_at is not None and now >= self._known_at:
            self._known_at = None
            is_reaction = self._words in ("", "mm-hm")
            actions = [*actions, *self._turns.receive(Understood(Pause(self._words), is_reaction))]
        if any(isinstance(action, DropUtterance) for action in actions):
            self._segmenter.forget()
        self.done += [(now, action) for action in actions]


@pytest.mark.parametrize("words_after", [0.1, 0.3, 1.0, None])
@pytest.mark.parametrize(
    "sound",
    [(0.2,), (0.36,), (0.58,), (0.24, 0.2, 0.2), (0.3, 0.04, 0.26), (0.2, 0.3, 0.2)],
    ids=lambda sound: " ".join(map(str, sound)),
)
def test_after_a_short_sound_the_reply_is_loud_again(words_after: float | None, sound: tuple[float, ...]) -> None:
    reply = Overheard(words_after=words_after)
    reply.hear(*sound, 3.0)
    quiet = list(zip(reply.times(Duck), reply.times(Restore), strict=True))
    assert quiet
    assert all(0.0 < restored - ducked < LOUD_AGAIN_SECONDS for ducked, restored in quiet)
    assert not reply.times(CancelReply)
    assert reply.times(DropUtterance)


@pytest.mark.parametrize("sound", [(0.8,), (0.36, 0.2, 0.8), (0.3, 0.1, 0.3, 0.1, 0.3)])
def test_who_speaks_on_interrupts(sound: tuple[float, ...]) -> None:
    reply = Overheard()
    reply.hear(*sound, 1.0)
    assert len(reply.times(CancelReply)) == 1


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.56])
def test_a_short_word_interrupts_even_if_it_is_known_after_the_reply_was_loud_again(seconds: float) -> None:
    reply = Overheard("stop", words_after=0.6)
    reply.hear(seconds, 2.0)
    assert reply.times(Restore)[0] < reply.times(CancelReply)[0]


def test_sounds_one_soon_after_the_other_cannot_keep_a_reply_quiet() -> None:
    reply = Overheard(words_after=0.3)
    reply.hear(*[0.4, 0.8] * (MAX_DOUBTS + 2))
    assert len(reply.times(Duck)) == MAX_DOUBTS


def test_who_listens_may_say_so_now_and_then() -> None:
    reply = Overheard(words_after=0.3)
    reply.hear(*[0.4, DOUBTS_MEMORY_SECONDS + 1.0] * (MAX_DOUBTS + 2))
    assert len(reply.times(Duck)) == len(reply.times(Restore)) == MAX_DOUBTS + 2


@pytest.mark.parametrize(
    "speech",
    [(0.40, 0.02, 0.34, 0.04, 0.7), (0.56, 0.08, 0.12, 0.06, 0.24, 0.02, 0.42), (0.7, 0.08, 0.4)],
    ids=lambda speech: " ".join(map(str, speech)),
)
def test_a_gap_between_two_words_does_not_make_the_reply_loud_again(speech: tuple[float, ...]) -> None:
    reply = Overheard()
    reply.hear(*speech, 1.0)
    assert not reply.times(Restore)
    assert len(reply.times(Duck)) == len(reply.times(CancelReply)) == 1


def test_who_speaks_on_after_a_pause_makes_the_reply_quiet_again() -> None:
    reply = Overheard()
    reply.hear(0.3, 0.6, 0.9, 1.0)
    first, second = reply.times(Duck)
    assert first < reply.times(Restore)[0] < second <= 0.9 + SETTINGS.speech_start_seconds + FRAME_SECONDS
    assert len(reply.times(CancelReply)) == 1
