"""The user's half of a conversation: samples in; voice, and the utterance that is open, out. Without tasks."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, AudioFrame, Framer, Samples
from pipeline.echo import RINGING_FRAMES, EchoDetector
from pipeline.items import new_id
from pipeline.loudspeaker import Loudspeaker
from pipeline.segmenter import Segmenter, Voice
from pipeline.settings import SessionSettings
from pipeline.utterance import Utterance
from pipeline.vad import LoudnessVoiceActivity, VoiceActivityDetector

MANUAL_THRESHOLD = 0.5
"""How sure to be of speech where turn detection is off; a recogniser finds the words in the audio by it."""

ECHO_LEARNT_FRAMES = 75
"""Of playback, 1.5 s, in which it is learnt how late and how loud its echo comes back."""


class Listening:
    """Hears the microphone."""

    def __init__(self, detector: VoiceActivityDetector, loudspeaker: Loudspeaker) -> None:
        self.utterance: Utterance | None = None
        """The one that is open."""
        self._framer = Framer()
        self._detector = detector
        self._loudspeaker = loudspeaker
        self._echo = EchoDetector()
        self._uncompared: deque[tuple[Samples, Samples | None]] = deque(maxlen=RINGING_FRAMES)
        """Frames of the microphone and of the loudspeaker, while something sounds or rings on."""
        self._ringing = 0
        self._sounded_frames = 0
        self._segmenter = Segmenter()
        self._last_frame: AudioFrame | None = None
        self._is_given = True
        """Whether the utterance that is open has the last frame."""

    @property
    def position_seconds(self) -> float:
        """Audio received so far."""
        return self._segmenter.position_seconds

    @property
    def may_be_echo(self) -> bool:
        """Whether so little was played yet that an echo could be taken for the user, and this is no clear case."""
        return self._sounded_frames < ECHO_LEARNT_FRAMES and not self._echo.heard_none

    @property
    def is_quiet(self) -> bool:
        """Whether nobody speaks, nor has begun to."""
        return self.utterance is None and not self._segmenter.heard_speech

    def apply(self, settings: SessionSettings) -> None:
        """Keep as much audio from before an utterance as these settings want."""
        detection = settings.turn_detection
        self._segmenter.keep(detection.prefix_padding_seconds if detection else 0.0)

    def hear(self, samples: Samples, settings: SessionSettings, now: float) -> Iterator[Voice]:
        """Take int16 samples at 16 kHz; measure them frame by frame, as long as the caller asks for more.

        A frame goes to the open utterance when the caller has decided what it means.
        """
        for frame in self._framer.push(samples):
            yield self._hear_frame(frame, settings, now)
            self.go_on()

    def flush(self, settings: SessionSettings, now: float) -> Iterator[Voice]:
        """Hear the last samples too, which do not fill a frame."""
        yield from self.hear(np.zeros(FRAME_SAMPLES - 1, np.int16), settings, now)
        self._framer.clear()

    def forget(self) -> None:
        """What was heard so far belongs to nothing."""
        self._framer.clear()
        self._segmenter.forget()

    def open(self, settings: SessionSettings, *, with_preroll: bool) -> Utterance:
        """Begin an utterance: with the moments before the speech was noticed, or with the current frame."""
        assert self._last_frame is not None
        frames = self._segmenter.take_preroll() if with_preroll else [self._last_frame]
        start_seconds = self.position_seconds - len(frames) * FRAME_SECONDS
        self.utterance = Utterance(new_id("item"), start_seconds, settings.transcription_deadline_seconds)
        self.utterance.push(frames)
        self._is_given = True
        return self.utterance

    def go_on(self, *, may_be_last: bool = False) -> None:
        """Give the open utterance the last frame, once; and tell whether the user is perhaps done with it."""
        if self.utterance and self._last_frame and not self._is_given:
            self.utterance.push([replace(self._last_frame, may_be_last=True) if may_be_last else self._last_frame])
        self._is_given = True

    def close(self) -> Utterance:
        """End the utterance: it has been dealt with."""
        self.go_on()
        utterance = self.drop()
        self._segmenter.forget()
        return utterance

    def drop(self) -> Utterance:
        """End the utterance as if it had never been; its last moments may still be the beginning of another."""
        utterance, self.utterance = self.utterance, None
        assert utterance is not None
        return utterance

    def stop(self) -> None:
        """Nothing more is heard."""
        self._detector.close()

    def _hear_frame(self, samples: Samples, settings: SessionSettings, now: float) -> Voice:
        detection = settings.turn_detection
        threshold = detection.threshold if detection else MANUAL_THRESHOLD
        is_speech = self._detector.is_speech(samples, threshold)
        self._note_playback(samples, now)
        if is_speech and self._ringing and self._is_echo():
            is_speech = False
        self._last_frame = AudioFrame(samples, is_speech)
        self._is_given = False
        return self._segmenter.push(self._last_frame)

    def _note_playback(self, samples: Samples, now: float) -> None:
        sounding = self._loudspeaker.next_frame(now)
        if sounding is None and not self._ringing:
            return
        self._sounded_frames += sounding is not None
        self._ringing = RINGING_FRAMES if sounding is not None else max(0, self._ringing - 1)
        if self._ringing:
            self._uncompared.append((samples, sounding))
        else:
            self._uncompared.clear()

    def _is_echo(self) -> bool:
        """Whether the loudspeaker explains what is heard: only asked when something is heard, for it takes long."""
        is_echo = self._echo.last_is_echo(self._uncompared)
        self._uncompared.clear()
        return is_echo


def recorded(item_id: str, samples: Samples, settings: SessionSettings) -> Utterance:
    """An utterance that is complete already: speech that was not heard but sent in one piece (int16, 16 kHz)."""
    # A recording can be long, and Silero's network would hold up every other conversation; loudness will do here.
    detector = LoudnessVoiceActivity()
    utterance = Utterance(item_id, 0.0, settings.transcription_deadline_seconds)
    padded = np.concatenate((samples, np.zeros(-len(samples) % FRAME_SAMPLES, np.int16)))
    utterance.push(AudioFrame(frame, detector.is_speech(frame, MANUAL_THRESHOLD)) for frame in Framer().push(padded))
    utterance.close()
    return utterance
