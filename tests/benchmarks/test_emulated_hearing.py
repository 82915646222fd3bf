"""What the emulated recognisers understand of the recordings that a benchmark plays, and what the model answers."""

import numpy as np
import pytest

from benchmarks.emulators import toned_answers, tones
from benchmarks.emulators.clips import Clips, read_clip, write_clip
from benchmarks.recordings import Recording, questions

RATE = tones.RATE


@pytest.fixture(scope="module")
def asked() -> dict[str, Recording]:
    return dict(questions())


@pytest.fixture(scope="module")
def clips(asked: dict[str, Recording]) -> Clips:
    return Clips([read_clip(write_clip(recording.clip())) for recording in asked.values()])


def said(recording: Recording) -> str:
    return " ".join(word.text for word in recording.words)


def test_every_recording_is_understood(asked: dict[str, Recording], clips: Clips) -> None:
    for recording in asked.values():
        assert clips.transcript(recording.samples, RATE) == said(recording)


def test_silence_around_it_and_another_rate_do_not_matter(asked: dict[str, Recording], clips: Clips) -> None:
    recording = asked["kinetic_energy_rms"]
    padded = np.concatenate((np.zeros(7_321, np.int16), recording.samples, np.zeros(12_345, np.int16)))
    assert clips.transcript(padded, RATE) == said(recording)
    assert clips.transcript(padded[::3], RATE // 3) == said(recording)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_half_an_utterance_is_half_its_words(asked: dict[str, Recording], clips: Clips, share: float) -> None:
    recording = asked["kinetic_energy_slt"]
    count = round(share * len(recording.samples))
    words = [word.text for word in recording.words if word.end <= count / RATE]
    heard = clips.transcript(recording.samples[:count], RATE).split()
    assert heard in (words, [word.text for word in recording.words[: len(words) + 1]])


def test_the_end_of_an_utterance_begins_in_the_middle(asked: dict[str, Recording], clips: Clips) -> None:
    recording = asked["kinetic_energy_slt"]
    heard = clips.transcript(recording.samples[len(recording.samples) // 2 :], RATE)
    assert said(recording).endswith(heard)
    assert 2 < len(heard.split()) < len(recording.words)


def test_noise_and_silence_say_nothing(clips: Clips) -> None:
    noise = np.random.default_rng(1).normal(0, 1000, RATE).astype(np.int16)
    assert clips.transcript(np.zeros(RATE, np.int16), RATE) == ""
    assert clips.transcript(noise, RATE) == ""


def test_an_utterance_in_noise_is_understood(asked: dict[str, Recording], clips: Clips) -> None:
    recording = asked["miles_slt"]
    noise = np.random.default_rng(1).normal(0, 1000, len(recording.samples))
    assert clips.transcript((recording.samples + noise).clip(-32768, 32767).astype(np.int16), RATE) == said(recording)


def test_every_word_of_an_answer_has_the_tone_of_its_number() -> None:
    assert len(toned_answers.VOCABULARY) == tones.FREQUENCIES
    for number, words in enumerate(toned_answers.VOCABULARY):
        assert {toned_answers.number_of(word) for word in words} == {number}


@pytest.mark.parametrize("piece", [480, 2_400])
def test_any_piece_of_an_answer_tells_its_number(piece: int) -> None:
    for number in range(tones.FREQUENCIES):
        samples = tones.speech(toned_answers.text(number)).samples
        heard = [toned_answers.heard_number(samples[start : start + piece]) for start in range(0, len(samples), piece)]
        assert set(heard) <= {number, None}
        assert heard.count(number) > len(heard) / 2


def test_answers_of_a_conversation_are_numbered() -> None:
    answers = toned_answers.TonedAnswers(words=12)
    told = [answers.next("one"), answers.next("two"), answers.next("one")]
    assert [toned_answers.number_of(answer) for answer in told] == [0, 0, 1]
    assert [len(answer.split()) for answer in told] == [12, 12, 12]
    assert told[0].split()[toned_answers.FIRST_CLAUSE_WORDS - 1].endswith(",")
