"""The process of the embedded voice, without chance: `python -m benchmarks.seeded_synthesiser`.

eSpeak NG draws the noise of breath and the flutter of pitch at random. Here it draws the same each time, so that a
process that is asked for the same texts in the same order says them in the same way.
"""

import ctypes
from collections.abc import Iterator

import espeakng_loader

from pipeline.providers.embedded.synthesiser import Synthesiser
from pipeline.providers.embedded.worker_frames import Frame
from pipeline.providers.embedded.worker_main import Request, serve

SEED = 1


class SeededSynthesiser:
    """eSpeak NG that always draws the same."""

    def __init__(self) -> None:
        self._synthesiser = Synthesiser()
        # The library that it has loaded, not a second one.
        self._library = ctypes.CDLL(str(espeakng_loader.get_library_path()))

    def answer(self, request: Request) -> Iterator[Frame]:
        """Speak one text."""
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
        return self._synthesiser.answer(request)


if __name__ == "__main__":
    serve(SeededSynthesiser().answer)
