"""The process that speaks: eSpeak NG through ctypes. `python -m pipeline.providers.embedded.synthesiser`.

eSpeak NG is under the GPL, aborts when two threads use it and may crash on odd input; so it is loaded here and nowhere
else. Request: {text, language, voice, words_per_minute}. Answer: {rate, words: [[character, sample], ...]} and the
samples, int16. Positions are those where eSpeak NG begins a word; several may begin at one character (the parts of a
number), and they are not always in order.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import espeakng_loader

from pipeline.providers.embedded.worker_frames import Frame
from pipeline.providers.embedded.worker_main import Request, WorkerError, serve

# From espeak-ng's speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 1 << 15
EVENT_LIST_TERMINATED = 0
EVENT_WORD = 1
POSITION_CHARACTER = 1
CHARS_UTF8 = 1
PARAMETER_RATE = 1
OK = 0

BUFFER_MILLISECONDS = 500
DEFAULT_VOICES = {"en": "en-us", "zh": "cmn", "no": "nb", "nn": "nb"}
"""Of a language whose code alone names another accent, or none; otherwise the code is the voice."""


class EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", EventId),
    )


SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(Event))


@dataclass(slots=True)
class Speech:
    """What has been synthesised for one request."""

    request: Request
    samples: list[bytes] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)


class Synthesiser:
    """eSpeak NG, which exists once in a process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        self._library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        data = str(espeakng_loader.get_data_path()).encode()
        self._rate: int = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MILLISECONDS, data, INITIALIZE_DONT_EXIT
        )
        if self._rate <= 0:
            raise RuntimeError(f"eSpeak NG cannot be initialised with the data in {data.decode()}.")
        self._speech: Speech | None = None
        self._callback = SynthCallback(self._take)  # Kept: the library only borrows it.
        self._library.espeak_SetSynthCallback(self._callback)
        self._voice = ""

    def answer(self, request: Request) -> Iterator[Frame]:
        """Speak one text."""
        payload = request.payload
        self._choose_voice(payload["language"], payload["voice"])
        self._library.espeak_SetParameter(PARAMETER_RATE, payload["words_per_minute"], 0)
        speech = self._speech = Speech(request)
        text = payload["text"].encode() + b"\0"
        if self._library.espeak_Synth(text, len(text), 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None) != OK:
            raise WorkerError("eSpeak NG could not speak this text.")
        header: dict[str, Any] = {"rate": self._rate, "words": speech.words}
        yield Frame(header, b"".join(speech.samples))

    def _choose_voice(self, language: str, voice: str | None) -> None:
        default = DEFAULT_VOICES.get(language, language)
        # Other vendors' names, such as `echo`, are the names of eSpeak NG's effects; only its own full names count.
        fitting = voice if voice and voice.partition("+")[0].partition("-")[0] == language else None
        for name in filter(None, (fitting, default)):
            # A name that is not known leaves the voice of the last request in place; only the code tells.
            if name == self._voice or self._library.espeak_SetVoiceByName(name.encode()) == OK:
                self._voice = name
                return
        self._voice = ""
        raise WorkerError(
            f"The embedded voice does not speak `{language}`. Choose another language, or set OPENAI_API_KEY or "
            "ELEVENLABS_API_KEY for a voice that does.",
            code="unsupported_language",
        )

    def _take(self, samples: int | None, count: int, events: Any) -> int:
        speech = self._speech
        assert speech is not None
        index = 0
        while events[index].type != EVENT_LIST_TERMINATED:
            if events[index].type == EVENT_WORD:
                speech.words.append((events[index].text_position - 1, events[index].sample))
            index += 1
        if samples and count > 0:
            speech.samples.append(ctypes.string_at(samples, count * 2))
        return int(speech.request.cancelled)


if __name__ == "__main__":
    serve(Synthesiser().answer)
