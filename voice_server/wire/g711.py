"""G.711, the telephone's encoding: one byte a sample, logarithmic (ITU-T G.711, μ-law and A-law)."""

from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.audio import Samples

Bytes = npt.NDArray[np.uint8]

_ULAW_BIAS = 33
_ULAW_CLIP = 8159
"""μ-law works on 14 bits."""


def decode_ulaw(data: bytes) -> Samples:
    """μ-law bytes to int16, shape (len(data),), at the same rate."""
    return _ulaw_to_linear()[np.frombuffer(data, dtype=np.uint8)]


def decode_alaw(data: bytes) -> Samples:
    """A-law bytes to int16, shape (len(data),), at the same rate."""
    return _alaw_to_linear()[np.frombuffer(data, dtype=np.uint8)]


def encode_ulaw(samples: Samples) -> bytes:
    """int16 to one μ-law byte each."""
    return _linear_to_ulaw()[samples.view(np.uint16)].tobytes()


def encode_alaw(samples: Samples) -> bytes:
    """int16 to one A-law byte each."""
    return _linear_to_alaw()[samples.view(np.uint16)].tobytes()


@cache
def _ulaw_to_linear() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    magnitude = (((mantissa << 1) + _ULAW_BIAS) << exponent) - _ULAW_BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) << 2).astype(np.int16)


@cache
def _alaw_to_linear() -> Samples:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = ((code & 15).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent == 0, mantissa, (mantissa + 256) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


@cache
def _linear_to_ulaw() -> Bytes:
    samples = _every_sample()
    magnitude = np.minimum(np.abs(samples >> 2) + _ULAW_BIAS, _ULAW_CLIP)
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    mantissa = (magnitude >> (exponent + 1)) & 15
    sign = np.where(samples < 0, 0x80, 0)
    code: Bytes = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return code


@cache
def _linear_to_alaw() -> Bytes:
    samples = _every_sample()
    # The standard works on 13 bits; a negative value is mirrored so that -1 falls onto the smallest step.
    magnitude = np.where(samples >= 0, samples, -samples - 1) >> 3
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 15
    sign = np.where(samples >= 0, 0x80, 0)
    code: Bytes = ((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8)
    return code


def _every_sample() -> npt.NDArray[np.int32]:
    """All values of an int16, in the order of its bits."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
