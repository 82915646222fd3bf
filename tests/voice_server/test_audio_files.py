"""Uploads become samples, whatever recorded them; answers become files, whatever plays them."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from pipeline.audio import INPUT_RATE, OUTPUT_RATE, Samples
from voice_server.audio_files import CONTENT_TYPES, AudioEncoder, AudioFileError, AudioKind, decode, encode, wav_header


def tone(seconds: float, rate: int) -> Samples:
    """A tone of 440 Hz at half the full level."""
    return (np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate) * 16000).astype(np.int16)


def recorded(container: str, codec: str, rate: int, layout: str = "mono", seconds: float = 1.0) -> bytes:
    """A recording as browsers and telephones make it."""
    written = io.BytesIO()
    with av.open(written, "w", format=container) as file:
        track: Any = file.add_stream(codec, rate=rate, layout=layout)
        samples = tone(seconds, rate)
        channels = 2 if layout == "stereo" else 1
        frame = av.AudioFrame.from_ndarray(np.repeat(samples, channels).reshape(1, -1), format="s16", layout=layout)
        frame.rate = rate
        frame.pts = 0
        frame.time_base = Fraction(1, rate)
        file.mux(track.encode(frame))
        file.mux(track.encode(None))
    return written.getvalue()


RECORDINGS = {
    "webm of Chromium": ("webm", "libopus", 48_000, "stereo"),
    "mp4 of Safari": ("mp4", "aac", 44_100, "mono"),
    "ogg of Firefox": ("ogg", "libopus", 48_000, "mono"),
    "adts": ("adts", "aac", 44_100, "mono"),
    "mp3": ("mp3", "libmp3lame", 44_100, "stereo"),
    "flac": ("flac", "flac", 48_000, "mono"),
    "wav": ("wav", "pcm_s16le", 8_000, "mono"),
    "wav of floats": ("wav", "pcm_f32le", 16_000, "mono"),
    "matroska": ("matroska", "flac", 16_000, "mono"),
}


@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_a_recording_of_any_common_kind_is_heard(recording: tuple[str, str, int, str]) -> None:
    samples = decode(recorded(*recording), max_seconds=5)
    assert samples.dtype == np.int16
    # Encoders of MP3 and AAC add up to a tenth of a second of silence.
    assert 0.95 <= len(samples) / INPUT_RATE <= 1.15
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * INPUT_RATE / len(middle) == pytest.approx(440, abs=5)
    assert 8_000 < np.abs(middle).max() < 20_000


def test_an_empty_file() -> None:
    with pytest.raises(AudioFileError) as refusal:
        decode(b"", 5)
    assert refusal.value.code == "empty_audio"


def test_a_file_without_a_single_sample() -> None:
    with pytest.raises(AudioFileError) as refusal:
        decode(wav_header(0), 5)
    assert refusal.value.code in ("empty_audio", "invalid_audio")


@pytest.mark.parametrize(
    "data",
    [
        b"not audio at all",
        b"\x00" * 4096,
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        b"OggS" + b"\x01" * 500,
        b"\x1a\x45\xdf\xa3" + b"\x42" * 300,
    ],
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(AudioFileError) as refusal:
        decode(data, 5)
    assert refusal.value.code == "invalid_audio"


def test_the_beginning_of_a_cut_recording_is_still_heard() -> None:
    whole = recorded("ogg", "libopus", 48_000, seconds=2)
    assert 0 < len(decode(whole[: len(whole) // 2], 5)) < 2 * INPUT_RATE


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        "v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    ],
    ids=["hls", "concat", "sdp"],
)
def test_a_playlist_opens_nothing(playlist: str, tmp_path: object) -> None:
    path = f"{tmp_path}/secret.wav"
    soundfile.write(path, tone(1, 16_000), 16_000)
    with pytest.raises(AudioFileError) as refusal:
        decode(playlist.format(path=path).encode(), 5)
    assert refusal.value.code == "invalid_audio"


def test_a_picture_is_not_speech() -> None:
    written = io.BytesIO()
    with av.open(written, "w", format="matroska") as file:
        track = file.add_stream("mpeg4", rate=1)
        track.width, track.height, track.pix_fmt = 64, 64, "yuv420p"
        file.mux(track.encode(av.VideoFrame(64, 64, "yuv420p")))
        file.mux(track.encode(None))
    with pytest.raises(AudioFileError, match="no audio track"):
        decode(written.getvalue(), 5)


def test_a_recording_that_is_too_long_is_refused_before_it_is_decoded_whole() -> None:
    with pytest.raises(AudioFileError) as refusal:
        decode(recorded("flac", "flac", 16_000, seconds=4), max_seconds=1)
    assert refusal.value.code == "audio_too_long"


@pytest.mark.parametrize("kind", [kind for kind in CONTENT_TYPES if kind != "pcm"])
def test_what_is_encoded_piece_by_piece_is_the_same_sound(kind: AudioKind) -> None:
    encoder = AudioEncoder(kind)
    samples = tone(1, OUTPUT_RATE)
    pieces = [encoder.push(samples[start : start + 1000]) for start in range(0, len(samples), 1000)]
    file = b"".join((*pieces, encoder.finish()))
    heard = decode(file, 5)
    assert len(heard) / INPUT_RATE == pytest.approx(1, abs=0.1)
    assert len([piece for piece in pieces if piece]) > 1, "it must be possible to stream it"


@pytest.mark.parametrize("kind", CONTENT_TYPES)
def test_an_encoder_may_be_given_up_at_any_time(kind: AudioKind) -> None:
    AudioEncoder(kind).close()
    encoder = AudioEncoder(kind)
    encoder.push(tone(0.3, OUTPUT_RATE))
    encoder.close()


def test_pcm_is_the_samples_themselves() -> None:
    samples = tone(0.1, OUTPUT_RATE)
    assert encode(samples, "pcm") == samples.astype("<i2").tobytes()


def test_a_whole_wav_tells_its_length() -> None:
    samples, rate = soundfile.read(io.BytesIO(encode(tone(0.5, OUTPUT_RATE), "wav")), dtype="int16")
    assert (len(samples), rate) == (OUTPUT_RATE // 2, OUTPUT_RATE)
