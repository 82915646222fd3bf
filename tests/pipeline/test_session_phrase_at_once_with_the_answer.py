"""The announcement that an answer is late, and the answer, at the same moment."""

import pytest

from pipeline.events import ReplyFinished, ReplyStarted
from pipeline.items import Message
from pipeline.prepared import Phrases
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from tests.pipeline.lab import laboratory, prepared
from tests.virtual_time import in_virtual_time

MOMENT = "One moment, please."
ANSWER = "It is ten past two."


async def said(first_audio_seconds: float) -> tuple[str, float, float]:
    """What the assistant said, when its turn began, and when its first sound was made."""
    llm, tts = ScriptedLanguageModel(ANSWER), ScriptedTextToSpeech(first_audio_seconds=first_audio_seconds)
    async with laboratory(phrases=Phrases(moment=prepared(MOMENT, 1.2)), llm=llm, tts=tts) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        await lab.hears_out()
        items = [item for item in lab.session.conversation if isinstance(item, Message) and item.role == "assistant"]
        return items[-1].text.strip(), lab.time_of(ReplyStarted), lab.audio_time()


@in_virtual_time
@pytest.mark.parametrize("nanoseconds", [-1.5, -0.9, -0.5, -0.1, 0.0, 0.1, 0.5, 0.9, 1.5])
async def test_they_are_not_mixed(nanoseconds: float) -> None:
    text, committed, heard = await said(1.5)
    assert text == ANSWER
    # The announcement is due two seconds after the turn is over.
    together = 1.5 + (committed + 2.0 - heard)
    text, _, _ = await said(together + nanoseconds / 1e9)
    assert text in (ANSWER, f"{MOMENT} {ANSWER}")
