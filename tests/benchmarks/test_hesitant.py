"""People who think while they speak, and how cut-ins are counted on them."""

import numpy as np
import pytest

from benchmarks.endpointing import Batch, Heard, Policy, play, report, row, with_errors
from benchmarks.hesitant.held_out import HELD_OUT
from benchmarks.hesitant.recordings import FOLDER, recordings
from benchmarks.hesitant.sealed import SEALED
from benchmarks.hesitant.sentence import parse
from benchmarks.hesitant.tuned import TUNED
from benchmarks.hesitant.utterance import BEFORE_SECONDS, ROOM_LEVEL, TAIL_SECONDS, HeardWord, HesitantUtterance, make
from benchmarks.hesitant.varied import VARIED
from pipeline.audio import FRAME_SECONDS, INPUT_RATE
from pipeline.settings import TurnDetection


def test_there_are_enough_in_both_languages() -> None:
    hesitant = [sentence for sentence in TUNED if sentence.pauses_seconds]
    assert len(hesitant) >= 100
    assert len([sentence for sentence in HELD_OUT if sentence.pauses_seconds]) >= 40
    for batch in (VARIED, SEALED):
        assert len([sentence for sentence in batch if sentence.pauses_seconds]) >= 100
    for batch in (TUNED, HELD_OUT, VARIED, SEALED):
        languages = [sentence.language for sentence in batch]
        assert languages.count("en") == languages.count("it")
        assert all(0.3 <= pause <= 1.5 for sentence in batch for pause in sentence.pauses_seconds)
        assert len({sentence.name for sentence in batch}) == len(batch)
    said = [" ".join(sentence.stretches) for sentence in TUNED]
    for held_out in (HELD_OUT, SEALED):
        assert not {" ".join(sentence.stretches) for sentence in held_out} & set(said), "nothing was tuned on these"


@pytest.mark.parametrize(
    "line",
    ["en | odd | | Hello [500] there.", "en | plain | | Hello [500] there.", "en | filler | | Hello.", "en | Hello"],
)
def test_a_line_that_is_no_sentence_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse("odd", line)


async def test_pauses_and_words_are_where_they_are_said_to_be() -> None:
    sentences = [*TUNED[:4], *TUNED[80:84]]
    for utterance, sentence in zip(await make(sentences), sentences, strict=True):
        assert utterance.name == sentence.name
        assert [stop - start for start, stop in utterance.pauses] == pytest.approx(sentence.pauses_seconds)
        assert len(utterance.samples) / INPUT_RATE == pytest.approx(utterance.end_seconds + TAIL_SECONDS)
        for start, stop in (*utterance.pauses, (0.0, BEFORE_SECONDS)):
            room = utterance.samples[round(start * INPUT_RATE) : round(stop * INPUT_RATE)].astype(float)
            assert np.sqrt(np.mean(room**2)) == pytest.approx(ROOM_LEVEL, rel=0.1)
        ends = [word.end_seconds for word in utterance.words]
        assert ends == sorted(ends)
        assert ends[-1] <= utterance.end_seconds + 1e-6
        stretch, (start, _) = sentence.stretches[0], utterance.pauses[0]
        said = utterance.words_until(start + 1e-6)
        assert said.split()[-1] == stretch.split()[-1].strip(".,?!").lower()
        assert utterance.words_until(0.0) == ""


def utterance(pause: tuple[float, float], end_seconds: float, tail_seconds: float = 3.0) -> Heard:
    """One whose sound the detector knows to the frame."""
    words = (HeardWord("hello", 0.5, pause[0]), HeardWord("there", pause[1], end_seconds))
    samples = np.zeros(round((end_seconds + tail_seconds) * INPUT_RATE), np.int16)
    one = HesitantUtterance("one", "en", "hanging", "", "Hello there.", samples, words, (pause,), end_seconds)
    times = np.arange(len(samples) // 320) * FRAME_SECONDS + FRAME_SECONDS / 2
    speech = [(0.5 < time < pause[0]) or (pause[1] < time < end_seconds) for time in times]
    return Heard(one, tuple(bool(frame) for frame in speech), {})


def fixed(seconds: float) -> Policy:
    return Policy("fixed", TurnDetection(kind="server_vad", silence_seconds=seconds))


def test_a_turn_that_ends_in_a_pause_is_a_cut_in() -> None:
    heard = utterance((1.0, 1.8), 2.5)
    cut, waited = play(heard, fixed(0.5)), play(heard, fixed(1.0))
    assert (cut.cut_pauses, cut.cut_after) == (1, ("hello",))
    assert (waited.cut_pauses, waited.cut_after) == (0, ())
    assert cut.delay_seconds == pytest.approx(0.5, abs=0.03)
    assert waited.delay_seconds == pytest.approx(1.0, abs=0.03)
    summed = row("fixed", "all", [cut, waited])
    assert (summed.cut_in_share, summed.cut_pauses, summed.pauses) == (0.5, 1, 2)


def test_a_turn_that_never_ends_has_no_delay() -> None:
    assert play(utterance((1.0, 1.8), 2.5, tail_seconds=0.5), fixed(1.0)).delay_seconds is None


def test_a_recogniser_errs_alike_on_every_run() -> None:
    words = " ".join(f"word{number}" for number in range(100))
    heard = with_errors(words, "one").split()
    assert heard == with_errors(words, "one").split()
    assert 85 <= len(heard) < 100
    assert set(heard) < set(words.split())


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings of real voices are not part of the repository")
def test_recordings_have_words_and_pauses() -> None:
    found = {one.name: one for one in recordings()}
    assert len(found["jfk"].pauses) == 4
    assert found["jfk"].words_until(found["jfk"].pauses[0][0] + 0.01) == "and so my fellow americans"


async def test_of_a_sealed_batch_only_the_sums_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    sentences = parse("sealed", "en | looks_complete | | Where is the castle [1500] with the blue towers?")
    utterances = await make(sentences)
    for shown in (True, False):
        told = report("one", Batch(sentences, "a note", shown), utterances)
        printed = capsys.readouterr().out
        assert "a note" in printed
        assert ("where is the castle" in f"{printed} {told}") is shown
        rows = told["rows"]
        assert isinstance(rows, list)
        assert rows[0]["cut_in_share"] == 1.0
