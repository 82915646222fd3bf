"""An utterance in parts: what is sent, and what the answers mean."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import numpy as np
import pytest

from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, AudioFrame
from pipeline.providers.divided_speech import MAX_HELD_FRAMES, PIECE_FRAMES, DividedSpeech, Piece, joined
from pipeline.providers.interfaces import Transcript


def frame(level: int, *, may_be_last: bool = False) -> AudioFrame:
    """Silence has the level 0."""
    return AudioFrame(np.full(FRAME_SAMPLES, level, np.int16), level > 0, may_be_last)


def levels(*pieces: Piece | None) -> list[int]:
    """Of each frame that is sent."""
    return [int(level) for piece in pieces if piece for level in piece.samples[::FRAME_SAMPLES]]


def test_frames_are_sent_a_few_at_a_time_and_at_once_where_a_pause_commits_them() -> None:
    speech = DividedSpeech(0.0)
    sent = [speech.push(frame(level)) for level in range(1, PIECE_FRAMES + 3)]
    assert [number for number, piece in enumerate(sent, start=1) if piece] == [PIECE_FRAMES]
    committed = speech.push(frame(0, may_be_last=True))
    assert committed is not None
    assert committed.commit
    assert levels(*sent, committed) == [*range(1, PIECE_FRAMES + 3), 0]


def test_silence_after_a_commit_is_sent_when_speech_goes_on_and_not_before() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1, may_be_last=True))
    assert [speech.push(frame(0)) for _ in range(2 * PIECE_FRAMES)] == [None] * 2 * PIECE_FRAMES
    assert levels(speech.push(frame(4))) == [0] * 2 * PIECE_FRAMES + [4]
    assert levels(speech.push(frame(5)), speech.finish()) == [5]


async def test_pieces_are_the_whole_utterance() -> None:
    async def audio() -> AsyncIterator[AudioFrame]:
        for level in (2, 0, 3):
            yield frame(level, may_be_last=level == 0)

    async with aclosing(DividedSpeech(0.0).pieces(frame(1), audio())) as pieces:
        given = [(levels(piece), piece.commit) async for piece in pieces]
    assert given == [([1, 2, 0], True), ([3], True)]


def test_silence_is_not_collected_for_ever() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1, may_be_last=True))
    sent = [speech.push(frame(0)) for _ in range(2 * MAX_HELD_FRAMES)]
    assert len(levels(*sent)) == 2 * MAX_HELD_FRAMES
    assert not any(piece.commit for piece in sent if piece)
    assert speech.finish() is None


def test_a_pause_is_committed_once() -> None:
    speech = DividedSpeech(0.0)
    assert speech.push(frame(1, may_be_last=True))
    assert speech.push(frame(0, may_be_last=True)) is None


@pytest.mark.parametrize("shortest_seconds", [0.1, 0.4])
def test_a_commit_is_as_long_as_the_vendor_wants(shortest_seconds: float) -> None:
    speech = DividedSpeech(shortest_seconds)
    first, last = speech.push(frame(1, may_be_last=True)), None
    speech.push(frame(0))
    speech.push(frame(3))
    last = speech.finish()
    assert first is not None
    assert last is not None
    assert last.commit
    assert len(first.samples) == len(last.samples) == shortest_seconds * INPUT_RATE
    assert levels(last)[:2] == [0, 3]


def test_the_answer_to_a_pause_is_settled_and_complete_when_nothing_follows() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1, may_be_last=True))
    assert speech.show("a", "hel") == Transcript("hel", is_final=False)
    assert speech.answer("a", " hello ") == Transcript("hello", is_final=False, is_settled=True)
    assert not speech.is_complete
    assert speech.finish() is None
    assert speech.is_complete


def test_the_answer_to_a_pause_is_final_when_the_utterance_is_over() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1, may_be_last=True))
    assert speech.finish() is None
    assert speech.answer("a", "hello") == Transcript("hello", is_final=True)


def test_the_answer_to_a_pause_that_has_ended_is_neither() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1, may_be_last=True))
    speech.push(frame(2))
    assert speech.answer("a", "hello") == Transcript("hello", is_final=False)
    assert speech.finish() is not None
    assert speech.answer("b", "there") == Transcript("hello there", is_final=True)


def test_the_last_part_may_be_known_before_the_first() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1, may_be_last=True))
    speech.begin("a")
    speech.push(frame(2))
    speech.finish()
    speech.begin("b")
    assert speech.answer("b", "there") == Transcript("there", is_final=False)
    assert speech.answer("a", "hello") == Transcript("hello there", is_final=True)


def test_what_a_vendor_commits_by_itself_is_neither_settled_nor_final() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1))
    assert speech.answer("a", "once upon a time") == Transcript("once upon a time", is_final=False)


def test_words_come_one_by_one() -> None:
    speech = DividedSpeech(0.0)
    speech.push(frame(1))
    assert speech.show_more("a", "once") == Transcript("once", is_final=False)
    assert speech.show_more("a", " upon") == Transcript("once upon", is_final=False)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        ([" hello ", "", "there"], "hello there"),
        (["I would like.", "a pizza."], "I would like a pizza."),
        (["Vorrei...", "una pizza."], "Vorrei una pizza."),
        (["Well…", "perhaps."], "Well perhaps."),
        (["I am done.", "Thank you."], "I am done. Thank you."),
        (["Really?", "yes"], "Really? yes"),
        (["At 5 p.m.", "or at six."], "At 5 p.m. or at six."),
        (["今日は", "晴れです"], "今日は晴れです"),
    ],
)
def test_parts_become_one_text(parts: list[str], text: str) -> None:
    assert joined(parts) == text
