"""Audio in the encodings of the wire."""

import numpy as np
import pytest

from pipeline.audio import OUTPUT_RATE
from pipeline.errors import RequestError
from voice_server.wire import g711
from voice_server.wire.audio import (
    AUDIO_FORMATS,
    AudioFormat,
    InputAudio,
    OutputAudio,
    decode_base64,
    decode_recording,
    encode_base64,
    encode_recording,
)
from voice_server.wire.limits import MAX_APPEND_BYTES

BYTES_PER_SECOND = {"audio/pcm": 48_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


def tone(rate: int, seconds: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return (12_000 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


@pytest.mark.filterwarnings("ignore:'audioop':DeprecationWarning")
@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_g711_agrees_with_the_standard_librarys(law: str) -> None:
    audioop = pytest.importorskip("audioop", reason="audioop left the standard library with Python 3.13")
    encoded = getattr(g711, f"encode_{law}")(EVERY_SAMPLE)
    assert encoded == getattr(audioop, f"lin2{law}")(EVERY_SAMPLE.tobytes(), 2)
    every_byte = bytes(range(256))
    assert getattr(g711, f"decode_{law}")(every_byte).tobytes() == getattr(audioop, f"{law}2lin")(every_byte, 2)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_g711_is_as_near_as_its_steps_are_fine(law: str) -> None:
    decoded = getattr(g711, f"decode_{law}")(getattr(g711, f"encode_{law}")(EVERY_SAMPLE)).astype(np.int32)
    error = np.abs(decoded - EVERY_SAMPLE)
    assert np.all(error <= np.maximum(np.abs(EVERY_SAMPLE.astype(np.int32)) // 16, 16))


def test_half_a_sample_waits_for_its_other_byte() -> None:
    data = tone(24_000, 0.1).astype("<i2").tobytes()
    whole, split = InputAudio("audio/pcm"), InputAudio("audio/pcm")
    expected = np.concatenate((whole.push(data), whole.flush()))
    pieces = [split.push(data[:1001]), split.push(b""), split.push(data[1001:1002]), split.push(data[1002:])]
    # The resampler dithers, so the last bit may differ.
    assert np.allclose(np.concatenate((*pieces, split.flush())), expected, atol=2)


def test_half_a_sample_survives_a_commit_but_not_a_clear() -> None:
    audio = InputAudio("audio/pcm")
    audio.push(b"\1")
    audio.flush()
    assert len(np.concatenate((audio.push(b"\2\3\4"), audio.flush()))) == round(2 * 2 / 3)
    audio.push(b"\1")
    audio.clear()
    assert len(np.concatenate((audio.push(b"\0\0" * 3), audio.flush()))) == 2


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_no_sample_of_the_microphone_is_lost(audio_format: AudioFormat) -> None:
    data = bytes(BYTES_PER_SECOND[audio_format])
    assert len(decode_recording(data, audio_format)) == 16_000


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_speech_sounds_the_same_in_every_encoding(audio_format: AudioFormat) -> None:
    stream = OutputAudio(audio_format)
    speech = tone(OUTPUT_RATE)
    sent = b"".join(stream.push(chunk) for chunk in np.array_split(speech, 50)) + stream.flush()
    assert len(sent) == BYTES_PER_SECOND[audio_format]
    heard = decode_recording(sent, audio_format).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(int(np.argmax(spectrum)) - 440) <= 1
    assert 0.9 < np.sqrt(np.mean(heard**2)) / (12_000 / np.sqrt(2)) < 1.1


def test_a_recording_that_does_not_fit_into_a_frame_is_not_shown() -> None:
    assert encode_recording(np.zeros(16_000 * 10, np.int16), "audio/pcm") is not None
    assert encode_recording(np.zeros(16_000 * 20, np.int16), "audio/pcm") is None
    assert encode_recording(np.zeros(16_000 * 20, np.int16), "audio/pcmu") is not None


@pytest.mark.parametrize("text", ["AAA", "AA=A", "AAAA\n", "A-_A", "é===", "====", "A"])
def test_only_padded_standard_base64_is_taken(text: str) -> None:
    with pytest.raises(RequestError) as failure:
        decode_base64(text, "audio")
    assert failure.value.code == "invalid_base64"


def test_audio_of_an_append_is_bounded() -> None:
    assert len(decode_base64(encode_base64(bytes(MAX_APPEND_BYTES)), "audio")) == MAX_APPEND_BYTES
    with pytest.raises(RequestError) as failure:
        decode_base64(encode_base64(bytes(MAX_APPEND_BYTES + 1)), "audio")
    assert failure.value.code == "string_above_max_length"
