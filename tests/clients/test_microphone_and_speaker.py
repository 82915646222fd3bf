"""A recording that is heard like a microphone, and a loudspeaker that nobody hears: both by a clock of the test's."""

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest
import soundfile
from voice_client.errors import AudioDeviceMissing
from voice_client.events import RATE
from voice_client.microphone import (
    BLOCK_SAMPLES,
    DeviceMicrophone,
    FileMicrophone,
    first_and_last_loud,
    read_recording,
    speech_end,
)
from voice_client.speaker import DeviceSpeaker, Heard, VirtualSpeaker
from voice_client.volume import DUCKED_LEVEL


class Clock:
    """Time that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def noise(seconds: float, rate: int = RATE) -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.full(int(seconds * rate), 1000, dtype=np.int16)


async def test_a_recording_is_heard_in_real_time_with_silence_behind_it() -> None:
    clock = Clock()
    microphone = FileMicrophone(noise(0.05), clock)
    blocks = []
    async with aclosing(microphone.blocks()) as heard:
        async for block in heard:
            blocks.append((round(clock.now - 100, 3), block))
            if len(blocks) == 5:
                break
    assert [at for at, _ in blocks] == [0.02, 0.04, 0.06, 0.08, 0.1]
    assert all(block.dtype == np.int16 and len(block) == BLOCK_SAMPLES for _, block in blocks)
    whole = np.concatenate([block for _, block in blocks])
    assert np.count_nonzero(whole) == int(0.05 * RATE)
    assert microphone.is_over
    assert microphone.rest_seconds() == 0


async def test_a_slow_reader_is_not_given_two_blocks_at_once_too_early() -> None:
    clock = Clock()
    microphone = FileMicrophone(noise(1), clock)
    async with aclosing(microphone.blocks()) as heard:
        await anext(heard)
        clock.now += 0.5
        await anext(heard)
        assert clock.now == pytest.approx(100.52)
        assert microphone.rest_seconds() == pytest.approx(0.48)


@pytest.mark.parametrize(("kind", "rate", "channels"), [("WAV", 16_000, 1), ("FLAC", 48_000, 2), ("WAV", 24_000, 1)])
def test_recordings_of_every_rate_become_24_khz_mono(tmp_path: Path, kind: str, rate: int, channels: int) -> None:
    path = tmp_path / "question"
    soundfile.write(path, np.repeat(noise(0.5, rate)[:, None], channels, axis=1), rate, format=kind)
    samples = read_recording(path)
    assert (samples.dtype, samples.ndim) == (np.int16, 1)
    assert len(samples) == pytest.approx(RATE / 2, abs=2)
    assert np.median(samples) == pytest.approx(1000, abs=2)


def test_a_recording_that_is_not_there_or_none(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="does not exist"):
        read_recording(tmp_path / "missing.wav")
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(ValueError, match="cannot be read"):
        read_recording(tmp_path / "text.wav")


def test_where_speech_ends() -> None:
    quiet = np.full(RATE, 5, dtype=np.int16)
    samples = np.concatenate((quiet, noise(1), quiet))
    assert first_and_last_loud(samples) == (RATE, 2 * RATE - 1)
    assert speech_end(samples) == 2 * RATE
    silent = np.zeros(100, dtype=np.int16)
    assert first_and_last_loud(silent) is None
    assert speech_end(silent) == 100
    assert first_and_last_loud(np.full(3, -32768, dtype=np.int16)) == (0, 2)


def about(item_id: str, milliseconds: float, *, playing: bool) -> Heard:
    return Heard(item_id, cast("float", pytest.approx(milliseconds)), playing=playing)


def test_a_virtual_speaker_takes_as_long_as_a_real_one() -> None:
    clock = Clock()
    speaker = VirtualSpeaker(clock.time)
    assert speaker.heard() is None
    assert speaker.stop() is None
    speaker.play("a", noise(1))
    clock.now += 0.25
    assert speaker.heard() == about("a", 250, playing=True)
    speaker.play("a", noise(1))
    clock.now += 1
    assert speaker.heard() == about("a", 1250, playing=True)
    clock.now += 5
    assert speaker.heard() == about("a", 2000, playing=False)


def test_a_speaker_that_ran_dry_goes_on_where_it_was() -> None:
    clock = Clock()
    speaker = VirtualSpeaker(clock.time)
    speaker.play("a", noise(0.5))
    clock.now += 2
    speaker.play("a", noise(0.5))
    clock.now += 0.1
    assert speaker.heard() == about("a", 600, playing=True)


def test_one_answer_after_the_other() -> None:
    clock = Clock()
    speaker = VirtualSpeaker(clock.time)
    speaker.play("a", noise(0.5))
    speaker.play("b", noise(0.5))
    clock.now += 0.4
    assert speaker.heard() == about("a", 400, playing=True)
    clock.now += 0.2
    assert speaker.heard() == about("b", 100, playing=True)


def test_stopping_tells_what_was_heard() -> None:
    clock = Clock()
    speaker = VirtualSpeaker(clock.time)
    speaker.play("a", noise(1))
    clock.now += 0.3
    assert speaker.stop() == about("a", 300, playing=False)
    assert speaker.heard() is None
    speaker.play("b", noise(1))
    assert speaker.heard() == about("b", 0, playing=True)


class Device(ModuleType):
    """Stands in for the package `sounddevice`: the test is the hardware."""

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.callback: Any = None
        self.closed = False
        self.latency = 0.0

    def RawInputStream(self, *, samplerate: int, blocksize: int, channels: int, dtype: str, callback: Any) -> "Device":  # noqa: N802
        assert (samplerate, blocksize, channels, dtype) == (RATE, BLOCK_SAMPLES, 1, "int16")
        self.callback = callback
        return self

    def RawOutputStream(self, *, samplerate: int, channels: int, dtype: str, callback: Any) -> "Device":  # noqa: N802
        assert (samplerate, channels, dtype) == (RATE, 1, "int16")
        self.callback = callback
        return self

    def start(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    made = Device()
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


async def test_a_microphone_gives_what_the_device_hears(device: Device) -> None:
    blocks = DeviceMicrophone().blocks()
    first = asyncio.ensure_future(anext(blocks))
    await asyncio.sleep(0)
    device.callback(noise(0.02).tobytes(), BLOCK_SAMPLES, None, None)
    assert np.array_equal(await first, noise(0.02))
    for _ in range(150):
        device.callback(noise(0.02).tobytes(), BLOCK_SAMPLES, None, None)
    await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.wait_for(anext(blocks), 1)
    late = asyncio.ensure_future(anext(blocks))
    await asyncio.sleep(0)
    assert not late.done(), "what nobody fetched in two seconds is lost"
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    await blocks.aclose()
    assert device.closed


def test_a_loudspeaker_plays_in_order_and_counts_what_it_played(device: Device) -> None:
    speaker = DeviceSpeaker()
    speaker.open()

    def played(count: int) -> np.ndarray[Any, np.dtype[np.int16]]:
        out = bytearray(count * 2)
        device.callback(memoryview(out), count, None, None)
        return np.frombuffer(bytes(out), dtype=np.int16)

    assert not played(10).any()
    assert speaker.heard() is None
    speaker.play("a", np.arange(1, 25, dtype=np.int16))
    speaker.play("b", np.full(24, 7, dtype=np.int16))
    assert list(played(12)) == list(range(1, 13))
    assert speaker.heard() == about("a", 0.5, playing=True)
    assert list(played(24)) == [*range(13, 25), *[7] * 12]
    assert speaker.heard() == about("b", 0.5, playing=True)
    assert list(played(24)) == [*[7] * 12, *[0] * 12]
    assert speaker.heard() == about("b", 1, playing=False)
    speaker.play("c", np.ones(24, dtype=np.int16))
    played(12)
    assert speaker.stop() == about("c", 0.5, playing=False)
    assert not played(24).any()
    speaker.close()
    assert device.closed


def test_what_has_not_left_the_device_has_not_been_heard(device: Device) -> None:
    device.latency = 0.05
    speaker = DeviceSpeaker()
    speaker.open()
    speaker.play("a", noise(0.2))
    out = memoryview(bytearray(2 * 2400))
    device.callback(out[:1920], 960, None, None)
    assert speaker.heard() == about("a", 0, playing=True)
    device.callback(out[:2880], 1440, None, None)
    assert speaker.heard() == about("a", 50, playing=True)
    assert speaker.stop() == about("a", 50, playing=False)
    speaker.play("b", noise(0.1))
    device.callback(out, 2400, None, None)
    assert speaker.heard() == about("b", 100, playing=False), "the end is told as the whole"
    speaker.close()


def test_an_answer_that_is_spoken_over_is_played_quietly_until_it_is_known(device: Device) -> None:
    speaker = DeviceSpeaker()
    speaker.open()

    def last_played(seconds: float) -> int:
        count = int(seconds * RATE)
        out = bytearray(count * 2)
        device.callback(memoryview(out), count, None, None)
        return int(np.frombuffer(bytes(out), dtype=np.int16)[-1])

    quiet = int(1000 * DUCKED_LEVEL)
    assert 20 * np.log10(DUCKED_LEVEL) == pytest.approx(-18)
    speaker.play("a", noise(5))
    assert last_played(0.1) == 1000
    speaker.duck("a")
    assert last_played(0.015) == pytest.approx((1000 + quiet) / 2, abs=2)
    assert last_played(0.016) == quiet
    assert speaker.heard() == about("a", 131, playing=True)
    speaker.restore()
    assert last_played(0.101) == 1000
    speaker.duck("a")
    assert last_played(1.4) == quiet
    assert last_played(0.11) == pytest.approx(1000, abs=900)
    assert last_played(0.1) == 1000, "nobody came back"
    speaker.duck("a")
    last_played(0.1)
    speaker.stop()
    speaker.play("b", noise(0.1))
    assert last_played(0.001) == 1000, "the next answer is at full volume"
    speaker.duck("b")
    last_played(0.09)
    speaker.play("c", noise(0.1))
    assert last_played(0.009 + 0.006) == 1000, "also when it follows without a gap"
    speaker.close()


async def test_no_device_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioDeviceMissing, match="pip install sounddevice"):
        DeviceSpeaker().open()
    with pytest.raises(AudioDeviceMissing, match="give a recording instead"):
        await anext(DeviceMicrophone().blocks())


async def test_a_device_that_cannot_be_opened_is_one_clear_line(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError("Error querying device -1")

    monkeypatch.setattr(device, "RawInputStream", refuse)
    monkeypatch.setattr(device, "RawOutputStream", refuse)
    with pytest.raises(AudioDeviceMissing, match="No loudspeaker"):
        DeviceSpeaker().open()
    with pytest.raises(AudioDeviceMissing, match="No microphone"):
        await anext(DeviceMicrophone().blocks())
