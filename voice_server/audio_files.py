"""Audio files: what people upload becomes samples, and what the server says becomes a file.

FFmpeg (through PyAV) reads whatever browsers and telephones record. It would also read playlists, which name other
files and addresses; only the plain containers listed here are opened, so that an upload stays what it is.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from pipeline.audio import INPUT_RATE, OUTPUT_RATE, SILENCE, Resampler, Samples

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

_CONTAINERS = "aac,aiff,amr,asf,caf,flac,matroska,webm,mov,mp4,m4a,3gp,mp3,ogg,w64,wav"
KINDS_FOR_PEOPLE = "WAV, MP3, FLAC, Ogg, WebM or MP4"

AudioKind = Literal["pcm", "wav", "mp3", "opus", "aac", "flac"]

CONTENT_TYPES: Mapping[AudioKind, str] = {
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
}


class AudioFileError(Exception):
    """An upload cannot be used as speech."""

    def __init__(self, code: Literal["empty_audio", "invalid_audio", "audio_too_long"], message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def decode(data: bytes, max_seconds: float) -> Samples:
    """The first audio track as int16 mono at 16 kHz. Blocks: call it in a thread.

    Raises AudioFileError if there is no sound in it, it is damaged, or it is longer than `max_seconds`.
    """
    if not data:
        raise AudioFileError("empty_audio", "The file is empty; send a recording.")
    try:
        with av.open(
            io.BytesIO(data), "r", options={"format_whitelist": _CONTAINERS}, metadata_errors="replace"
        ) as file:
            if not file.streams.audio:
                raise AudioFileError("invalid_audio", f"The file has no audio track; send {KINDS_FOR_PEOPLE}.")
            samples = _read(file, max_seconds)
    except (av.error.FFmpegError, ValueError, EOFError) as error:
        message = f"The file cannot be read as audio: it is damaged or of another kind; send {KINDS_FOR_PEOPLE}."
        raise AudioFileError("invalid_audio", message) from error
    if not len(samples):
        raise AudioFileError("empty_audio", "There is no sound in the file; send a recording.")
    return samples


def _read(file: InputContainer, max_seconds: float) -> Samples:
    resampler = AudioResampler(format="s16", layout="mono", rate=INPUT_RATE)
    parts: list[Samples] = []
    count = 0
    for frame in file.decode(audio=0):
        resampled = [_samples(part) for part in resampler.resample(frame)]
        parts.extend(resampled)
        count += sum(map(len, resampled))
        if count > max_seconds * INPUT_RATE:
            raise AudioFileError("audio_too_long", f"The recording is longer than {max_seconds:g} seconds; send less.")
    if parts:
        parts.extend(_samples(part) for part in resampler.resample(None))
    return np.concatenate(parts) if parts else SILENCE


def _samples(frame: av.AudioFrame) -> Samples:
    return frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)


@dataclass(frozen=True, slots=True)
class _Codec:
    container: str
    codec: str
    rate: int
    options: Mapping[str, str]


_CODECS: Mapping[AudioKind, _Codec] = {
    # Without the Xing header nothing has to be written at the front when the end is known, so it can be streamed.
    "mp3": _Codec("mp3", "libmp3lame", OUTPUT_RATE, {"write_xing": "0", "id3v2_version": "0"}),
    "opus": _Codec("ogg", "libopus", 48_000, {"page_duration": "100000"}),
    "aac": _Codec("adts", "aac", OUTPUT_RATE, {}),
    "flac": _Codec("flac", "flac", OUTPUT_RATE, {}),
}


class _Written:
    """Takes what FFmpeg writes until somebody fetches it. It cannot seek, as a socket cannot."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes) -> int:
        self._bytes += data
        return len(data)

    def fetch(self) -> bytes:
        fetched = bytes(self._bytes)
        self._bytes.clear()
        return fetched


class AudioEncoder:
    """Makes one audio file of one speech, piece by piece. Close it, also when it was not finished."""

    def __init__(self, kind: AudioKind) -> None:
        self._kind = kind
        self._written = _Written()
        self._codec = _CODECS.get(kind)
        self._has_header = kind != "wav"
        if self._codec is not None:
            self._resampler = Resampler(OUTPUT_RATE, self._codec.rate)
            self._file = av.open(
                self._written, "w", format=self._codec.container, container_options=dict(self._codec.options)
            )
            self._track = cast(
                "AudioStream", self._file.add_stream(self._codec.codec, rate=self._codec.rate, layout="mono")
            )
            self._time = 0

    def push(self, samples: Samples) -> bytes:
        """Take int16 samples at 24 kHz, give the bytes of the file that are ready."""
        if self._codec is None:
            header = b"" if self._has_header else wav_header(None)
            self._has_header = True
            return header + samples.astype("<i2", copy=False).tobytes()
        self._encode(self._resampler.push(samples))
        return self._written.fetch()

    def finish(self) -> bytes:
        """The last bytes of the file."""
        if self._codec is None:
            return b"" if self._has_header else wav_header(0)
        self._encode(self._resampler.flush())
        self._file.mux(self._track.encode(None))
        self._file.close()
        return self._written.fetch()

    def close(self) -> None:
        """Release what is not finished."""
        if self._codec is not None:
            self._file.close()

    def _encode(self, samples: Samples) -> None:
        if self._codec is None or not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.rate = self._codec.rate
        frame.pts = self._time
        self._time += len(samples)
        self._file.mux(self._track.encode(frame))


def encode(samples: Samples, kind: AudioKind) -> bytes:
    """One whole file of int16 samples at 24 kHz. Blocks: call it in a thread."""
    if kind == "wav":
        return wav_header(len(samples)) + samples.astype("<i2", copy=False).tobytes()
    encoder = AudioEncoder(kind)
    try:
        return encoder.push(samples) + encoder.finish()
    finally:
        encoder.close()


def wav_header(samples: int | None) -> bytes:
    """The header of a WAV file of int16 mono at 24 kHz; None: as long as it may become, for a stream."""
    size = 0xFFFFFFFF - 36 if samples is None else samples * 2
    return b"".join(
        (
            b"RIFF",
            (size + 36).to_bytes(4, "little"),
            b"WAVEfmt ",
            (16).to_bytes(4, "little"),
            (1).to_bytes(2, "little"),  # PCM
            (1).to_bytes(2, "little"),  # one channel
            OUTPUT_RATE.to_bytes(4, "little"),
            (OUTPUT_RATE * 2).to_bytes(4, "little"),
            (2).to_bytes(2, "little"),
            (16).to_bytes(2, "little"),
            b"data",
            size.to_bytes(4, "little"),
        )
    )
