import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, AudioFrame, Framer, Samples
from pipeline.errors import ProviderUnavailable, UnsupportedLanguage
from pipeline.providers.embedded.speech_segments import loudness
from pipeline.providers.embedded.speech_to_text import QUEUED_PER_WORKER, EmbeddedSpeechToText
from pipeline.providers.interfaces import Transcript, TranscriptionOptions

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[4]
SPEECH = ROOT / "tests" / "speech"
RECORDINGS = ROOT.parent / "shared" / "audio"
OPTIONS = TranscriptionOptions("session", language="en", domain="galion")


def load(path: Path) -> Samples:
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == INPUT_RATE
    return np.asarray(samples, dtype=np.int16)


def frames(samples: Samples, silence_seconds: float = 0.5) -> list[AudioFrame]:
    """Marked by loudness: what a detector makes of them is its own tests' business."""
    silence = np.zeros(round(silence_seconds * INPUT_RATE), dtype=np.int16)
    pieces = list(Framer().push(np.concatenate((samples, silence))))
    limit = 0.05 * max(loudness(piece) for piece in pieces)
    return [AudioFrame(piece, loudness(piece) > max(limit, 60)) for piece in pieces]


async def stream(frames: Iterable[AudioFrame], lost: asyncio.Event | None = None) -> AsyncIterator[AudioFrame]:
    for number, frame in enumerate(frames):
        yield frame
        if number % 10 == 0:
            await asyncio.sleep(0)
    if lost:
        lost.set()
        await asyncio.Event().wait()


async def hear(
    recogniser: EmbeddedSpeechToText, frames: Iterable[AudioFrame], options: TranscriptionOptions = OPTIONS
) -> list[Transcript]:
    return [transcript async for transcript in recogniser.transcribe(stream(frames), options)]


async def words(recogniser: EmbeddedSpeechToText, file: str, options: TranscriptionOptions = OPTIONS) -> str:
    return (await hear(recogniser, frames(load(SPEECH / file)), options))[-1].text


def errors(expected: str, heard: str) -> int:
    """Words to insert, delete or replace."""
    row = list(range(len(heard.split()) + 1))
    for line, word in enumerate(expected.split(), start=1):
        last, row[0] = row[0], line
        for column, other in enumerate(heard.split(), start=1):
            last, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, last + (word != other))
    return row[-1]


def forks(recogniser: EmbeddedSpeechToText) -> list[psutil.Process]:
    return psutil.Process(recogniser.process_id).children()


async def idle(recogniser: EmbeddedSpeechToText) -> None:
    """Wait until nothing runs for anybody; a worker that is never given back would end in the test's timeout."""
    while forks(recogniser):  # noqa: ASYNC110 nothing announces the end of a process
        await asyncio.sleep(0.01)
    assert (recogniser._decoding, recogniser._waiting, recogniser._listening) == (0, 0, 0)


async def test_gives_exactly_one_final_transcript_and_it_is_the_last(recogniser: EmbeddedSpeechToText) -> None:
    transcripts = await hear(recogniser, frames(load(SPEECH / "molar_mass_slt.flac")))

    assert [transcript.is_final for transcript in transcripts] == [False] * (len(transcripts) - 1) + [True]
    assert transcripts[-1].text == "what is the molar mass of glucose"


async def test_shows_words_while_they_are_spoken(recogniser: EmbeddedSpeechToText) -> None:
    more: asyncio.Queue[AudioFrame | None] = asyncio.Queue()

    async def microphone() -> AsyncIterator[AudioFrame]:
        while frame := await more.get():
            yield frame

    for frame in frames(load(SPEECH / "square_root_rms.flac"))[:120]:
        more.put_nowait(frame)
    async with contextlib.aclosing(recogniser.transcribe(microphone(), OPTIONS)) as transcripts:
        async for transcript in transcripts:
            if "what is the square root" in transcript.text:
                more.put_nowait(None)
                break
        assert not transcript.is_final
        assert [transcript async for transcript in transcripts][-1].is_final


async def test_the_words_are_known_before_the_turn_ends(recogniser: EmbeddedSpeechToText) -> None:
    """A pause is enough: without another frame, and without the end, the words are decoded."""
    ended = asyncio.Event()
    decoded: list[str] = []
    heard = asyncio.Event()
    decode = recogniser._recognise

    async def recognise(audio: bytes, options: TranscriptionOptions) -> str:
        decoded.append(await decode(audio, options))
        heard.set()
        return decoded[-1]

    recogniser._recognise = recognise  # type: ignore[method-assign]
    try:
        speech = frames(load(SPEECH / "molar_mass_slt.flac"), silence_seconds=0.2)
        transcripts = recogniser.transcribe(stream(speech, ended), OPTIONS)
        reading = asyncio.create_task(_drain(transcripts))
        await heard.wait()
        reading.cancel()
        await asyncio.wait([reading])
    finally:
        del recogniser._recognise
    assert decoded == ["what is the molar mass of glucose"]


async def test_a_mark_is_answered_with_the_words_and_they_are_decoded_once(recogniser: EmbeddedSpeechToText) -> None:
    settled = asyncio.Event()
    decodes = 0
    decode = recogniser._recognise

    async def recognise(audio: bytes, options: TranscriptionOptions) -> str:
        nonlocal decodes
        decodes += 1
        return await decode(audio, options)

    async def microphone() -> AsyncIterator[AudioFrame]:
        speech = frames(load(SPEECH / "molar_mass_slt.flac"), silence_seconds=0.0)
        quiet = AudioFrame(np.zeros(FRAME_SAMPLES, np.int16), is_speech=False)
        for frame in [*speech, *[quiet] * 5, replace(quiet, may_be_last=True)]:
            yield frame
        await settled.wait()
        for _ in range(20):
            yield quiet

    recogniser._recognise = recognise  # type: ignore[method-assign]
    try:
        texts = []
        async for transcript in recogniser.transcribe(microphone(), OPTIONS):
            if transcript.is_settled:
                settled.set()
            if transcript.is_settled or transcript.is_final:
                texts.append(transcript.text)
    finally:
        del recogniser._recognise
    assert texts == ["what is the molar mass of glucose"] * 2
    assert decodes == 1


async def _drain(transcripts: AsyncIterator[Transcript]) -> None:
    async for _ in transcripts:
        pass


async def test_questions_to_the_assistant_are_heard_well(recogniser: EmbeddedSpeechToText) -> None:
    expected = json.loads((SPEECH / "transcripts.json").read_text())
    heard = [await words(recogniser, file) for file in expected]

    wrong = sum(errors(text, one) for text, one in zip(expected.values(), heard, strict=True))
    assert wrong / sum(len(text.split()) for text in expected.values()) < 0.05, heard


async def test_without_a_domain_anything_is_heard(recogniser: EmbeddedSpeechToText) -> None:
    options = TranscriptionOptions("session", language=None, domain="nobody's")

    assert (
        await words(recogniser, "fahrenheit_rms.flac", options) == "how many degrees fahrenheit is twenty five celsius"
    )


@pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of people are not there")
async def test_people_are_heard_whatever_they_say(recogniser: EmbeddedSpeechToText) -> None:
    """General speech, mostly nothing that the assistant expects: the vocabulary of its domain must not capture it."""
    rows = [line.split("|") for line in (RECORDINGS / "README.md").read_text().splitlines() if ".wav |" in line]
    said = {row[1].strip(): " ".join(re.findall(r"[a-z']+", row[3].lower())) for row in rows}
    english = {file: load(RECORDINGS / file) for file in said if not file.endswith("_it.wav")}
    short = {file: samples for file, samples in english.items() if len(samples) < 5 * INPUT_RATE}
    assert len(short) >= 9

    heard = {file: (await hear(recogniser, frames(samples)))[-1].text for file, samples in short.items()}

    wrong = sum(errors(said[file], text) for file, text in heard.items())
    assert wrong / sum(len(said[file].split()) for file in heard) < 0.25, heard


async def test_a_long_speech_is_heard_in_parts(recogniser: EmbeddedSpeechToText) -> None:
    files = ["square_root_rms.flac", "percent_rms.flac", "fahrenheit_rms.flac", "boiling_point_rms.flac"]
    expected = json.loads((SPEECH / "transcripts.json").read_text())
    speech = np.concatenate([load(SPEECH / file) for file in files])

    heard = (await hear(recogniser, frames(speech)))[-1].text

    assert errors(" ".join(expected[file] for file in files), heard) <= 3


async def test_silence_has_no_words(recogniser: EmbeddedSpeechToText) -> None:
    silence = [AudioFrame(np.zeros(FRAME_SAMPLES, dtype=np.int16), is_speech=False)] * 100

    assert await hear(recogniser, silence) == [Transcript("", is_final=True)]
    assert await hear(recogniser, []) == [Transcript("", is_final=True)]
    marked = [AudioFrame(frame.samples, is_speech=True) for frame in silence]
    assert (await hear(recogniser, marked))[-1].is_final


async def test_noise_does_no_harm(recogniser: EmbeddedSpeechToText) -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 2 * INPUT_RATE).astype(np.int16)

    assert (await hear(recogniser, [AudioFrame(piece, is_speech=True) for piece in Framer().push(noise)]))[-1].is_final
    assert await words(recogniser, "carbon_rms.flac")


@pytest.mark.parametrize("language", ["it", "IT-it", "de"])
async def test_only_english_is_understood(recogniser: EmbeddedSpeechToText, language: str) -> None:
    with pytest.raises(UnsupportedLanguage, match=r"English only.*OPENAI_API_KEY"):
        await hear(recogniser, [], TranscriptionOptions("session", language=language))

    assert await hear(recogniser, [], TranscriptionOptions("session", language="en-GB"))


@pytest.mark.parametrize("moment", ["at once", "while speaking", "in the pause", "after the end"])
async def test_a_cancelled_utterance_takes_nobodys_place(recogniser: EmbeddedSpeechToText, moment: str) -> None:
    speech = frames(load(SPEECH / "kinetic_energy_rms.flac"))
    given = {"at once": 0, "while speaking": 100, "in the pause": len(speech) - 5, "after the end": len(speech)}[moment]
    lost = asyncio.Event()
    audio = stream(speech[:given], None if moment == "after the end" else lost)
    transcribing = asyncio.create_task(_drain(recogniser.transcribe(audio, OPTIONS)))
    if moment == "after the end":
        while not forks(recogniser):  # noqa: ASYNC110 nothing announces a process
            await asyncio.sleep(0)
    else:
        await lost.wait()

    transcribing.cancel()
    await asyncio.wait([transcribing])

    assert transcribing.cancelled()
    await idle(recogniser)


async def test_a_closed_transcription_takes_nobodys_place(recogniser: EmbeddedSpeechToText) -> None:
    lost = asyncio.Event()
    transcripts = recogniser.transcribe(stream(frames(load(SPEECH / "square_root_rms.flac"))[:120], lost), OPTIONS)
    await anext(transcripts)

    await transcripts.aclose()

    await idle(recogniser)


async def test_more_than_can_be_heard_at_once_is_refused_in_words(recogniser: EmbeddedSpeechToText) -> None:
    speech = frames(load(SPEECH / "speed_of_light_slt.flac"))
    many = 2 * QUEUED_PER_WORKER + 10

    heard = await asyncio.gather(*(hear(recogniser, speech) for _ in range(many)), return_exceptions=True)

    refused = [one for one in heard if isinstance(one, BaseException)]
    assert 0 < len(refused) < many
    assert all(isinstance(one, ProviderUnavailable) and "Too many people" in one.message for one in refused)
    assert {one[-1].text for one in heard if not isinstance(one, BaseException)} == {"what is the speed of light"}
    await idle(recogniser)


async def test_speakers_do_not_disturb_each_other(recogniser: EmbeddedSpeechToText) -> None:
    alone = [await words(recogniser, file) for file in ("molar_mass_slt.flac", "solve_rms.flac")]

    together = await asyncio.gather(
        *(words(recogniser, file) for file in ("molar_mass_slt.flac", "solve_rms.flac") * 2)
    )

    assert together == alone * 2


async def test_the_death_of_one_decode_is_reported_and_hurts_nobody_else(recogniser: EmbeddedSpeechToText) -> None:
    hearing = asyncio.create_task(hear(recogniser, frames(load(SPEECH / "kinetic_energy_rms.flac"))))
    killed: set[int] = set()
    while not hearing.done():
        for fork in forks(recogniser):
            killed.add(fork.pid)
            with contextlib.suppress(psutil.NoSuchProcess):
                fork.kill()
        await asyncio.sleep(0)

    with pytest.raises(ProviderUnavailable, match="died while it listened"):
        await hearing
    assert killed
    assert await words(recogniser, "carbon_rms.flac")
    await idle(recogniser)


async def test_the_death_of_the_recogniser_is_reported_and_it_starts_again() -> None:
    async with EmbeddedSpeechToText({"galion": ["what is the speed of light"]}, workers=1) as recogniser:
        first = recogniser.process_id
        assert first is not None
        hearing = asyncio.create_task(hear(recogniser, frames(load(SPEECH / "kinetic_energy_rms.flac"))))
        while not (orphans := forks(recogniser)):  # noqa: ASYNC110 nothing announces a process
            await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)

        with pytest.raises(ProviderUnavailable, match="being started again"):
            await hearing
        assert await words(recogniser, "speed_of_light_rms.flac") == "what is the speed of light"
        assert recogniser.process_id != first
    psutil.wait_procs(orphans, timeout=10)
    assert not any(orphan.is_running() for orphan in orphans)


async def test_words_nobody_can_pronounce_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    sentences = ["what is xqzt", "what is the cosine", "avogadro's number"]
    pronunciations = {"avogadro": "AA V OW G AA D R OW"}
    async with EmbeddedSpeechToText({"galion": sentences, "empty": []}, pronunciations=pronunciations):
        pass

    (line,) = [record.getMessage() for record in caplog.records]
    assert line.endswith("galion: no pronunciation for xqzt")
