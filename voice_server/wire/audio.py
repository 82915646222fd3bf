"""Audio in the encodings of the wire, to and from the samples of the pipeline. One object per stream."""

import binascii
from collections.abc import Iterator
from typing import Literal

import numpy as np

from pipeline.audio import INPUT_RATE, OUTPUT_RATE, Resampler, Samples
from pipeline.errors import RequestError
from voice_server.wire import g711
from voice_server.wire.downsampler import Downsampler
from voice_server.wire.errors import too_long
from voice_server.wire.limits import MAX_APPEND_BYTES, MAX_AUDIO_SHOWN_BYTES

AudioFormat = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
AUDIO_FORMATS: tuple[AudioFormat, ...] = ("audio/pcm", "audio/pcmu", "audio/pcma")
PCM_RATE = 24_000
"""Hertz. The only rate of `audio/pcm` on the wire."""
G711_RATE = 8_000
"""Hertz."""
_WIRE_SAMPLE = np.dtype("<i2")


class InputAudio:
    """The client's microphone: bytes of one encoding to int16 at 16 kHz."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.audio_format = audio_format
        self._rest = b""
        self._resampler = self._new_resampler()

    def push(self, data: bytes) -> Samples:
        """Take the next bytes, give the samples that are ready. Half a sample waits for its other byte."""
        return self._resampler.push(self._decode(data))

    def flush(self) -> Samples:
        """Give what the resampler holds back. What follows is heard as a new stream."""
        samples = self._resampler.flush()
        self._resampler = self._new_resampler()
        return samples

    def clear(self) -> Samples:
        """As `flush`, and forget half a sample."""
        self._rest = b""
        return self.flush()

    def _decode(self, data: bytes) -> Samples:
        if self.audio_format == "audio/pcmu":
            return g711.decode_ulaw(data)
        if self.audio_format == "audio/pcma":
            return g711.decode_alaw(data)
        if self._rest:
            data = self._rest + data
        whole = len(data) & ~1
        self._rest = data[whole:]
        return np.frombuffer(data, _WIRE_SAMPLE, whole // 2).astype(np.int16, copy=False)

    def _new_resampler(self) -> Downsampler | Resampler:
        return _resampler(PCM_RATE if self.audio_format == "audio/pcm" else G711_RATE, INPUT_RATE)


class OutputAudio:
    """One spoken item: int16 samples of the pipeline to bytes of one encoding."""

    def __init__(self, audio_format: AudioFormat, source_rate: int = OUTPUT_RATE) -> None:
        self.audio_format = audio_format
        self._resampler = _resampler(source_rate, PCM_RATE if audio_format == "audio/pcm" else G711_RATE)

    def push(self, samples: Samples) -> bytes:
        """Take the next samples, give the bytes that are ready."""
        return self._encode(self._resampler.push(samples))

    def flush(self) -> bytes:
        """Give what was held back. Nothing may be pushed afterwards."""
        return self._encode(self._resampler.flush())

    def _encode(self, samples: Samples) -> bytes:
        if self.audio_format == "audio/pcmu":
            return g711.encode_ulaw(samples)
        if self.audio_format == "audio/pcma":
            return g711.encode_alaw(samples)
        return samples.astype(_WIRE_SAMPLE, copy=False).tobytes()


def byte_count(seconds: float, audio_format: AudioFormat) -> int:
    """Bytes of so much audio."""
    return round(seconds * (PCM_RATE * 2 if audio_format == "audio/pcm" else G711_RATE))


def _resampler(source_rate: int, target_rate: int) -> Downsampler | Resampler:
    return (Resampler if target_rate >= source_rate else Downsampler)(source_rate, target_rate)


def decode_base64(text: str, param: str) -> bytes:
    """Strict: only the standard alphabet, padded. Raises RequestError, before it decodes what is too large."""
    return b"".join(base64_pieces(text, param, MAX_APPEND_BYTES))


def base64_pieces(text: str, param: str, piece_bytes: int) -> Iterator[bytes]:
    """The same, bit by bit: `piece_bytes`, a multiple of 3, at a time."""
    if len(text) > (MAX_APPEND_BYTES + 2) // 3 * 4:
        raise too_long(param, MAX_APPEND_BYTES, "bytes of audio")
    size = piece_bytes // 3 * 4
    for start in range(0, len(text), size):
        try:
            piece = binascii.a2b_base64(text[start : start + size], strict_mode=True)
        except ValueError as error:
            raise _invalid(param, str(error)) from error
        if len(piece) < piece_bytes and start + size < len(text):
            raise _invalid(param, "Excess data after padding")
        yield piece


def _invalid(param: str, reason: str) -> RequestError:
    return RequestError("invalid_base64", f"Invalid '{param}': {reason}. Send padded base64.", param=param)


def encode_base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def decode_recording(data: bytes, audio_format: AudioFormat) -> Samples:
    """A whole recording in the encoding of the wire to int16 at 16 kHz."""
    stream = InputAudio(audio_format)
    return np.concatenate((stream.push(data), stream.flush()))


def encode_recording(samples: Samples, audio_format: AudioFormat) -> bytes | None:
    """A whole recording of the user, int16 at 16 kHz, in the encoding of the wire; None: too long for one frame."""
    if byte_count(len(samples) / INPUT_RATE, audio_format) > MAX_AUDIO_SHOWN_BYTES:
        return None
    stream = OutputAudio(audio_format, INPUT_RATE)
    return stream.push(samples) + stream.flush()
