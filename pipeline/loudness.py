"""How loud a microphone is, against the noise around it and against the voice that speaks into it."""

import math

import numpy as np

from pipeline.audio import FRAME_SAMPLES, Samples

FULL_SCALE_POWER = FRAME_SAMPLES * 32_768.0**2
_ONES = np.ones(FRAME_SAMPLES, np.float32)

QUIETEST, LOUDEST = -70.0, -15.0
"""Decibels below full scale between which noise is believed."""
AT_FIRST = -60.0
"""The noise of a room that nothing is known of."""
FALL = 0.3
"""Share of the way down to a quieter frame that the noise floor goes at once."""
RISE = 0.2
"""Decibels per frame that the noise floor rises while nobody speaks: 10 a second."""
RISE_IN_SPEECH = 0.02
"""The same while somebody speaks: a held vowel is no noise."""

VOICE_RISE = 0.5
"""Share of the way up to a louder frame that the voice's level goes at once: one burst is not yet a voice."""
VOICE_FALL = 0.2
"""Decibels per frame that the voice's level falls: 10 a second. Who turns away from the microphone is still heard."""


class Loudness:
    """Follows one microphone. All levels are in decibels, 0 is full scale."""

    def __init__(self) -> None:
        self.level = QUIETEST
        """Of the last frame."""
        self.noise = AT_FIRST
        """What the quiet moments sound like."""
        self.voice = QUIETEST
        """What the loud moments of speech sound like, of late."""

    def measure(self, samples: Samples) -> float:
        """Take the next frame (int16, shape (320,)); give its level."""
        sound = samples.astype(np.float32)
        # Without its mean: the rumble that microphones pick up comes and goes below everything audible. Of so few
        # samples `dot` is several times as quick as `@` and `sum`.
        power = float(sound.dot(sound)) - float(sound.dot(_ONES)) ** 2 / FRAME_SAMPLES
        self.level = 10.0 * math.log10(power / FULL_SCALE_POWER) if power > 1.0 else -120.0
        if self.level < self.noise:
            self.noise = max(QUIETEST, self.noise + FALL * (self.level - self.noise))
        return self.level

    def learn(self, *, is_speech: bool) -> None:
        """Whether the last frame was speech: noise or a voice has become clearer."""
        if self.level > self.noise:
            self.noise = min(self.level, LOUDEST, self.noise + (RISE_IN_SPEECH if is_speech else RISE))
        if is_speech and self.level > self.voice:
            self.voice += VOICE_RISE * (self.level - self.voice)
        else:
            self.voice -= VOICE_FALL

    def forget_voice(self) -> None:
        """Whoever speaks next may be further away."""
        self.voice = QUIETEST
