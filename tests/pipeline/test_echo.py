"""The assistant's own voice, heard again, is not the user; the user who speaks over it is.

Figures for longer playback, other levels and more users: `python -m benchmarks.own_echo`.
"""

from itertools import islice

import numpy as np
import pytest

from benchmarks.own_echo import Scene, first_after, mixed, over, scenes, turn_starts
from benchmarks.voice_activity import FOLDERS, recordings
from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, Framer, Samples
from pipeline.echo import KEPT_FRAMES, LAGS, RINGING_FRAMES, EchoDetector

ASSISTANT = [samples for name, samples in recordings(FOLDERS[:1]) if name.endswith("slt")]
USERS = [samples for name, samples in recordings(FOLDERS[:1]) if name.endswith("rms")]


def some_scenes(decibels: float) -> list[Scene]:
    """One with each delay from 50 to 700 ms."""
    return list(islice(scenes(ASSISTANT, decibels, 1.0), 5))


def shifted(samples: Samples, seconds: float) -> np.ndarray:
    count = round(seconds * INPUT_RATE)
    return np.concatenate((np.zeros(count), samples[: len(samples) - count]))


def trimmed(samples: Samples) -> Samples:
    """Without the silence around it."""
    loud = np.flatnonzero(np.abs(samples) > 300)
    return samples[loud[0] : loud[-1]]


@pytest.mark.parametrize("decibels", [-6.0, -12.0, -20.0])
def test_the_assistant_does_not_interrupt_itself(decibels: float) -> None:
    heard = [mixed(scene.echo) for scene in some_scenes(decibels)]
    assert all(turn_starts(echo, None) for echo in heard), "it would, if nothing knew what is played"
    for number, scene in enumerate(some_scenes(decibels)):
        assert turn_starts(heard[number], scene.played) == [], f"scene {number}"


@pytest.mark.parametrize("loudness", [0.0, 6.0])
def test_a_user_who_speaks_over_the_echo_is_noticed_soon(loudness: float) -> None:
    chance, later = np.random.default_rng(3), []
    for number, scene in enumerate(some_scenes(-12.0)):
        user, begins = over(scene, USERS[number], loudness, chance)
        alone = first_after(turn_starts(mixed(user), None), begins, 2.0)
        together = first_after(turn_starts(mixed(scene.echo, user), scene.played), begins, 2.0)
        assert alone is not None
        assert together is not None, f"scene {number}: nobody was heard"
        later.append(together - alone)
    assert np.median(later) <= 0.1 + 1e-9
    assert max(later) <= 0.3 + 1e-9


def test_a_user_with_headphones_is_noticed_as_soon_as_ever() -> None:
    chance, later = np.random.default_rng(3), []
    for number, scene in enumerate(some_scenes(-12.0)):
        user, begins = over(scene, USERS[number], 12.0, chance)
        alone = first_after(turn_starts(mixed(user), None), begins, 2.0)
        together = first_after(turn_starts(mixed(user), scene.played), begins, 2.0)
        assert alone is not None
        assert together is not None, f"scene {number}: nobody was heard"
        later.append(together - alone)
    assert np.median(later) <= 0.02 + 1e-9
    # Only who speaks into the first moments that were ever played may be taken for their echo for a while.
    assert max(later) <= 0.5


def heard_over_the_first_playback(heard: Samples, played: Samples) -> tuple[list[bool], list[bool]]:
    """Of each frame: whether it is explained, and whether there is surely no echo in it."""
    detector, explained, none = EchoDetector(), [], []
    for frame, sounding in zip(Framer().push(heard), Framer().push(played), strict=True):
        explained.append(detector.is_echo(frame, sounding if sounding.any() else None))
        none.append(detector.heard_none)
    return explained, none


def test_who_speaks_into_the_first_playback_ever_with_headphones_is_noticed_soon() -> None:
    quiet, later = np.zeros(INPUT_RATE, np.int16), list[float]()
    for number in range(8):
        played = np.concatenate((quiet, *(trimmed(ASSISTANT[number + clip]) for clip in (0, 1)), quiet))
        user = trimmed(USERS[number])
        begins = INPUT_RATE + (number + 2) * INPUT_RATE // 8
        spoken = np.zeros(len(played))
        spoken[begins : begins + len(user)] = user[: len(spoken) - begins]
        alone, together = turn_starts(mixed(spoken), None)[0], turn_starts(mixed(spoken), played)[0]
        later.append(together - alone)
    assert np.median(later) <= 0.3, later
    assert max(later) <= 0.5


def test_what_is_surely_no_echo_is_soon_known() -> None:
    played, user = trimmed(ASSISTANT[0]), trimmed(USERS[1])
    heard = np.concatenate((np.zeros(INPUT_RATE // 2), user[: len(played) - INPUT_RATE // 2]))
    whole = len(heard) // FRAME_SAMPLES * FRAME_SAMPLES
    _, none = heard_over_the_first_playback(mixed(heard.astype(np.float64))[:whole], played[:whole])
    assert none.index(True) * FRAME_SECONDS <= 0.5 + 0.3


@pytest.mark.parametrize("decibels", [-6.0, -12.0, -20.0])
def test_no_echo_of_the_first_playback_ever_is_surely_none(decibels: float) -> None:
    for scene in some_scenes(decibels):
        explained, none = heard_over_the_first_playback(mixed(scene.echo), scene.played)
        believed = sum(sure and not is_echo for is_echo, sure in zip(explained, none, strict=True))
        assert believed * FRAME_SECONDS < 0.1


def test_what_was_learnt_of_a_room_holds_for_the_next_reply() -> None:
    first, second = (
        Framer().push(np.concatenate((clip, np.zeros(2 * INPUT_RATE, np.int16)))) for clip in ASSISTANT[:2]
    )
    detector = EchoDetector()
    for frames in (first, second):
        played = np.concatenate(list(frames))
        heard = mixed(shifted(played, 0.24) * 0.25)
        explained = [
            detector.is_echo(frame, sounding if sounding.any() else None)
            for frame, sounding in zip(Framer().push(heard), Framer().push(played), strict=True)
        ]
    first_sound = int(np.argmax([sounding.any() for sounding in Framer().push(played)]))
    last_sound = int(np.flatnonzero(np.abs(played) > 0)[-1] / FRAME_SAMPLES)
    assert np.mean(explained[first_sound:last_sound]) > 0.98


def test_an_echo_ends_and_then_nothing_is_one() -> None:
    detector = EchoDetector()
    speech = ASSISTANT[0][: 50 * FRAME_SAMPLES]
    for frame in Framer().push(speech):
        detector.is_echo((frame // 4).astype(np.int16), frame)
    late = [detector.is_echo(frame, None) for frame in Framer().push(np.tile(USERS[0], 3))]
    assert not any(late[RINGING_FRAMES:])


def test_nothing_sounded_so_nothing_is_an_echo() -> None:
    detector = EchoDetector()
    assert not any(detector.is_echo(frame, None) for frame in Framer().push(USERS[0]))


def test_memory_stays_the_same_for_hours_of_playback() -> None:
    detector = EchoDetector()

    def size() -> int:
        arrays = [*vars(detector).values(), *vars(detector._likeness).values(), detector._playback._rows]
        return sum(value.nbytes for value in arrays if isinstance(value, np.ndarray)) + len(detector._likeness._before)

    sizes = set()
    for _ in range(3):
        for frame in Framer().push(np.tile(ASSISTANT[0], 3)[: (KEPT_FRAMES + LAGS) * FRAME_SAMPLES]):
            detector.is_echo((frame // 4).astype(np.int16), frame)
        sizes.add(size())
    assert len(sizes) == 1
    assert sizes.pop() < 100_000


def test_frames_that_have_waited_are_judged_as_if_they_had_not() -> None:
    chance = np.random.default_rng(5)
    at_once, waited = EchoDetector(), EchoDetector()
    frames: list[tuple[Samples, Samples | None]] = []
    decided = []
    for number in range(1500):
        played = chance.normal(0, 3000 * abs(np.sin(number / 17)) + 20, FRAME_SAMPLES).astype(np.int16)
        user = chance.normal(0, 2500 if number // 90 % 5 == 4 else 40, FRAME_SAMPLES).astype(np.int16)
        frames.append((user, played if number // 250 % 3 != 2 else None))
        decision = at_once.is_echo(*frames[-1])
        if len(frames) >= chance.integers(1, RINGING_FRAMES):
            decided.append((waited.last_is_echo(frames), decision))
            frames = []
    assert all(late == soon for late, soon in decided)
    assert {soon for _, soon in decided} == {True, False}
