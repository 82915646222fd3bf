"""Speech is found in real recordings, and not in noise. Figures: `python -m benchmarks.voice_activity`."""

import numpy as np
import pytest

from benchmarks import sounds
from benchmarks.voice_activity import FOLDERS, Measure, find, in_room, measure, noises, recordings
from pipeline import silero, vad
from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, Framer, Samples
from pipeline.vad import ConfirmedVoiceActivity
from tests.pipeline.lab import tone

HERE, ELSEWHERE = FOLDERS
THRESHOLD = 0.5


def check(measures: list[Measure], latest_tail_seconds: float, most_lost: float = 0.05) -> None:
    for one in measures:
        assert one.utterances >= 1, f"nothing was found in {one.name}"
        assert -0.1 <= one.start_delay_seconds <= 0.45, f"{one.name}: noticed after {one.start_delay_seconds:.2f} s"
        assert -0.2 <= one.tail_seconds <= latest_tail_seconds, f"{one.name}: over after {one.tail_seconds:.2f} s"
        assert one.lost <= most_lost, f"{one.name}: {one.lost:.0%} of its loud moments were taken for silence"


def a_recording(number: int = 0) -> Samples:
    return list(recordings([HERE]))[number][1]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * INPUT_RATE), np.int16)


def noise(seconds: float, loudness: float) -> Samples:
    return np.random.default_rng(2).normal(0, loudness, round(seconds * INPUT_RATE)).astype(np.int16)


def flags(samples: Samples, detector: ConfirmedVoiceActivity) -> list[bool]:
    return [detector.is_speech(frame, THRESHOLD) for frame in Framer().push(samples)]


def test_speech_is_found_in_synthetic_voices_and_its_end_at_once() -> None:
    measures = [measure(name, samples) for name, samples in list(recordings([HERE]))[::2]]
    assert len(measures) == 12
    check(measures, 0.12)
    assert all(one.utterances == 1 for one in measures), "they are spoken without a pause"
    assert np.median([one.tail_seconds for one in measures]) <= 0.04 + 1e-9


def test_speech_is_found_in_noise() -> None:
    check([measure(name, samples, -10.0) for name, samples in list(recordings([HERE]))[::4]], 0.3)


@pytest.mark.skipif(not ELSEWHERE.is_dir(), reason="the recordings of real voices are not part of the repository")
def test_speech_is_found_in_real_voices() -> None:
    check([measure(name, samples) for name, samples in recordings([ELSEWHERE])], 0.2, 0.15)


@pytest.mark.parametrize(("name", "samples"), list(noises()), ids=[name for name, _ in noises()])
def test_no_speech_is_found_in_noise(name: str, samples: np.ndarray) -> None:
    assert find(samples[: 8 * INPUT_RATE], ConfirmedVoiceActivity()).starts == ()


def test_few_things_that_are_no_speech_begin_a_turn() -> None:
    begun = {
        sound.name
        for sound in sounds.effects()
        if find(in_room(np.concatenate((silence(1), sound.samples, silence(1)))), ConfirmedVoiceActivity()).starts
    }
    # A cough whose end is voiced is a syllable to anybody who does not know what it means.
    assert len(begun) <= 1
    assert all("cough" in name for name in begun)


def test_a_tone_is_no_speech_either() -> None:
    assert find(tone(5.0), ConfirmedVoiceActivity()).starts == ()


def test_a_voice_that_moves_away_is_still_heard() -> None:
    speech = a_recording()
    away = (speech * 0.05).astype(np.int16)
    heard = find(np.concatenate((speech, silence(0.7), away, silence(1))), ConfirmedVoiceActivity())
    assert len(heard.starts) == 2


def test_noise_that_begins_and_stays_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Counted(silero.Silero):
        def probability(self, chunk: Samples) -> float:
            asked.append(chunk)
            return super().probability(chunk)

    monkeypatch.setattr(vad, "Silero", Counted)
    detector = ConfirmedVoiceActivity()
    assert not any(flags(silence(1), detector))
    assert not asked, "silence needs no network"
    assert not any(flags(noise(6, 1500), detector))
    assert asked
    asked.clear()
    assert not any(flags(noise(5, 1500), detector))
    assert not asked, "it is the sound of the room by now"
    speech = np.clip(a_recording().astype(np.int32) * 2, -32_768, 32_767)[: 3 * FRAME_SAMPLES * 30]
    assert any(flags((speech + noise(len(speech) / INPUT_RATE, 1500)).astype(np.int16), detector))


def test_a_detector_remembers_little_however_long_the_silence() -> None:
    detector = ConfirmedVoiceActivity()
    flags(np.concatenate((a_recording(), silence(5))), detector)
    assert detector._network is None
    assert len(detector._unheard) <= 2 * vad.WARM_UP_SAMPLES


def test_two_streams_do_not_disturb_each_other() -> None:
    one, other = a_recording(0), a_recording(5)
    length = min(len(one), len(other))
    together = [ConfirmedVoiceActivity(), ConfirmedVoiceActivity()]
    pairs = zip(Framer().push(one[:length]), Framer().push(other[:length]), strict=True)
    mixed = [(together[0].is_speech(a, THRESHOLD), together[1].is_speech(b, THRESHOLD)) for a, b in pairs]
    assert [a for a, _ in mixed] == flags(one[:length], ConfirmedVoiceActivity())
    assert [b for _, b in mixed] == flags(other[:length], ConfirmedVoiceActivity())
