"""The words of one utterance, while its decoding still takes time."""

import asyncio

import numpy as np

from pipeline.audio import AudioFrame
from pipeline.providers.embedded.hearing import Hearing

FRAME_SAMPLES = 320


def frame(*, is_speech: bool, may_be_last: bool = False) -> AudioFrame:
    samples = np.full(FRAME_SAMPLES, 3000 if is_speech else 0, np.int16)
    return AudioFrame(samples, is_speech=is_speech, may_be_last=may_be_last)


async def test_who_gives_up_waiting_does_not_take_the_words_from_others() -> None:
    decoded = asyncio.Event()

    async def decode(audio: bytes) -> str:
        await decoded.wait()
        return "hello"

    hearing = Hearing(decode)
    for _ in range(20):
        hearing.push(frame(is_speech=True))
    hearing.push(frame(is_speech=False, may_be_last=True))
    # Somebody wants the words at the pause, and is told that the utterance is over before they are there.
    settling = asyncio.create_task(hearing.text())
    await asyncio.sleep(0)
    hearing.finish()
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    decoded.set()
    assert await hearing.text() == "hello"
    await hearing.aclose()
