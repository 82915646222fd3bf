"""Several requests for one call, on a clock that costs nothing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline import deadlines
from pipeline.audio import FRAME_SAMPLES, AudioFrame
from pipeline.errors import ProviderError, ProviderTimeout, ProviderUnavailable, UnsupportedLanguage
from pipeline.providers.failover import LanguageModels, SpeechToTexts, TextToSpeeches, candidate
from pipeline.providers.hedging import HedgeBudget, ObservedLatency
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    TextDelta,
    Transcript,
    TranscriptionOptions,
    Usage,
    VoiceOptions,
)
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from tests.virtual_time import in_virtual_time

NEVER = float("inf")
DOWN = ProviderUnavailable("It is down.")
END = Completed("stop", Usage())


class Model:
    """Writes one word, each time after the next of its delays; or raises what is there instead."""

    def __init__(self, name: str, *delays: float | ProviderError) -> None:
        self.name = name
        self.delays = list(delays)
        self.asked_at: list[float] = []
        self.open = 0

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        self.asked_at.append(now())
        delay = self.delays.pop(0) if len(self.delays) > 1 else self.delays[0]
        self.open += 1
        try:
            if isinstance(delay, ProviderError):
                raise delay
            await (asyncio.sleep(delay) if delay != NEVER else asyncio.Event().wait())
            yield TextDelta(f"{self.name}.")
            yield END
        finally:
            self.open -= 1


def now() -> float:
    return asyncio.get_running_loop().time()


def models(*providers: Any) -> LanguageModels:
    return LanguageModels([candidate("LLM", one, is_local=one.name == "local") for one in providers])


async def first_of(stage: LanguageModels) -> tuple[str, float]:
    """Who answered, and after how long."""
    start = now()
    async with aclosing(stage.complete([], CompletionOptions("s"))) as deltas:
        first, *rest = [delta async for delta in deltas]
    assert rest == [END]
    assert isinstance(first, TextDelta)
    return first.text.rstrip("."), now() - start


async def practised(stage: LanguageModels, model: Model, seconds: float, calls: int = 30) -> None:
    """Let a model be known for its speed."""
    model.delays, delays = [seconds], model.delays
    for _ in range(calls):
        await first_of(stage)
    model.delays, model.asked_at = delays, []


@in_virtual_time
async def test_an_unknown_provider_is_hedged_at_the_fixed_deadline() -> None:
    model = Model("one", NEVER, 0.3)
    assert await first_of(models(model)) == ("one", pytest.approx(1.5))
    assert model.asked_at == pytest.approx([0.0, 1.2])
    assert model.open == 0


@in_virtual_time
async def test_one_that_is_known_to_be_quick_is_hedged_soon() -> None:
    model = Model("one", NEVER, 0.2)
    stage = models(model)
    await practised(stage, model, 0.2)
    assert await first_of(stage) == ("one", pytest.approx(0.404))
    health = stage.health()[0]
    assert (health.requests, health.hedges, health.hedges_won, health.breaker) == (32, 1, 1, "closed")
    assert health.hedge_after_seconds == pytest.approx(0.204)
    assert health.answers == 31


@in_virtual_time
async def test_the_first_may_still_win() -> None:
    model = Model("one", 1.3, 0.5)
    assert await first_of(models(model)) == ("one", pytest.approx(1.3))
    assert len(model.asked_at) == 2
    assert model.open == 0


@in_virtual_time
async def test_a_hedge_that_stalls_too_has_one_more_with_the_next_provider() -> None:
    one, two = Model("one", NEVER), Model("two", 0.1)
    stage = models(one, two)
    await practised(stage, one, 0.2)
    start = now()
    assert await first_of(stage) == ("two", pytest.approx(0.508))
    assert [at - start for at in one.asked_at] == pytest.approx([0.0, 0.204])


@in_virtual_time
async def test_a_local_provider_is_no_hedge_and_has_none() -> None:
    one, local = Model("one", NEVER), Model("local", 0.0)
    assert await first_of(models(one, local)) == ("local", pytest.approx(2.5)), "only when nothing better answers"
    slow = Model("local", 9.0)
    assert await first_of(models(slow)) == ("local", pytest.approx(9.0)), "it does not stall, it is busy"
    assert len(slow.asked_at) == 1


@in_virtual_time
async def test_one_that_failed_last_time_is_hedged_by_the_next() -> None:
    one, two = Model("one", DOWN, NEVER), Model("two", 0.1)
    stage = models(one, two)
    assert (await first_of(stage))[0] == "two"
    assert await first_of(stage) == ("two", pytest.approx(1.3))
    assert len(one.asked_at) == 2
    assert stage.health()[0].failures == {"provider_unavailable": 1, "overtaken": 1}
    assert stage.health()[0].failovers == 1


@in_virtual_time
async def test_hedges_are_bounded_to_a_share_of_the_calls() -> None:
    model = Model("one", 1.3)
    stage = models(model)
    for number in range(400):
        model.delays = [1.3, 0.05] if number < 60 else [1.3]
        await first_of(stage)
    assert stage.health()[0].hedges <= 0.15 * 400 + 15


@in_virtual_time
async def test_all_the_time_there_is_and_then_a_clear_error() -> None:
    model = Model("one", NEVER)
    with pytest.raises(ProviderTimeout, match=r"The language model \(one\) gave nothing for 3 s"):
        await first_of(models(model))
    assert now() == pytest.approx(3.0)
    assert model.open == 0


@in_virtual_time
async def test_a_sole_provider_is_asked_again_at_once_when_it_fails() -> None:
    model = Model("one", DOWN, 0.1)
    assert await first_of(models(model)) == ("one", pytest.approx(0.1))
    refuses = Model("one", ProviderUnavailable("No such key.", code="provider_key_rejected", retryable=False))
    with pytest.raises(ProviderUnavailable):
        await first_of(models(refuses))
    assert len(refuses.asked_at) == 1


@in_virtual_time
async def test_the_next_provider_is_asked_when_the_first_and_its_hedge_hang() -> None:
    one, local = Model("one", NEVER), Model("local", 0.4)
    stage = models(one, local)
    assert await first_of(stage) == ("local", pytest.approx(2.9))
    assert stage.health()[0].failures == {"provider_timeout": 1}


@in_virtual_time
async def test_one_that_keeps_failing_is_left_alone_until_it_works_again() -> None:
    one, two = Model("one", DOWN), Model("two", 0.2)
    stage = models(one, two)
    for _ in range(5):
        assert await first_of(stage) == ("two", pytest.approx(0.2))
    assert len(one.asked_at) == 3
    assert stage.health()[0].breaker == "open"
    await asyncio.sleep(2.0)
    one.delays = [0.1]
    assert await first_of(stage) == ("one", pytest.approx(0.1))
    assert stage.health()[0].breaker == "closed"


@in_virtual_time
async def test_nobody_waits_for_a_probe_that_fails() -> None:
    one, two = Model("one", DOWN), Model("two", 0.2)
    stage = models(one, two)
    for _ in range(3):
        await first_of(stage)
    await asyncio.sleep(2.0)
    one.delays = [ProviderUnavailable("Still down.")]
    assert await first_of(stage) == ("two", pytest.approx(0.2))
    assert stage.health()[0].breaker == "open"
    one.delays = [NEVER]
    await asyncio.sleep(4.0)
    assert await first_of(stage) == ("two", pytest.approx(1.2)), "a probe has the time that is known to be usual"
    assert one.open == 0


@in_virtual_time
async def test_only_one_call_probes() -> None:
    one, two = Model("one", DOWN), Model("two", 0.2)
    stage = models(one, two)
    for _ in range(3):
        await first_of(stage)
    await asyncio.sleep(2.0)
    one.delays = [0.1]
    answers = await asyncio.gather(*(first_of(stage) for _ in range(4)))
    assert [name for name, _ in answers] == ["one", "two", "two", "two"]


@in_virtual_time
async def test_when_all_are_left_alone_the_one_that_is_next_due_is_asked() -> None:
    one, two = Model("one", DOWN), Model("two", DOWN)
    stage = models(one, two)
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await first_of(stage)
    assert [health.breaker for health in stage.health()] == ["open", "open"]
    one.delays = two.delays = [0.1]
    assert await first_of(stage) == ("one", pytest.approx(0.1))


@in_virtual_time
async def test_a_provider_that_says_when_to_come_back_is_asked_then() -> None:
    busy = ProviderUnavailable("Busy.", code="provider_rate_limited", retry_after_seconds=7.0)
    one, two = Model("one", busy, 0.1), Model("two", 0.2)
    stage = models(one, two)
    for _ in range(10):
        assert (await first_of(stage))[0] == "two"
    assert len(one.asked_at) == 1
    await asyncio.sleep(7.0)
    assert (await first_of(stage))[0] == "one"


@in_virtual_time
async def test_what_it_cannot_do_is_not_its_failure() -> None:
    one, two = Model("one", UnsupportedLanguage("No Italian.")), Model("two", 0.1)
    stage = models(one, two)
    for _ in range(5):
        assert (await first_of(stage))[0] == "two"
    assert stage.health()[0].breaker == "closed"
    assert stage.health()[0].failures == {"unsupported_language": 5}


@in_virtual_time
async def test_an_answer_without_words_is_none() -> None:
    class Mute(Model):
        async def complete(self, messages: Any, options: Any) -> AsyncGenerator[ModelDelta, None]:
            yield END

    assert (await first_of(models(Mute("mute", 0.0), Model("two", 0.1))))[0] == "two"


@in_virtual_time
async def test_a_model_that_stops_in_the_middle_fails_for_the_reply() -> None:
    class Stops(Model):
        async def complete(self, messages: Any, options: Any) -> AsyncGenerator[ModelDelta, None]:
            yield TextDelta("Well, ")
            await asyncio.Event().wait()

    two = Model("two", 0.0)
    async with aclosing(models(Stops("one", 0.0), two).complete([], CompletionOptions("s"))) as deltas:
        assert await anext(deltas) == TextDelta("Well, ")
        with pytest.raises(ProviderTimeout, match="stopped in the middle for 2 s"):
            await anext(deltas)
    assert two.asked_at == []
    assert now() == pytest.approx(2.0)


@in_virtual_time
async def test_a_model_that_drips_fails_and_one_that_writes_as_one_speaks_does_not() -> None:
    stage = models(ScriptedLanguageModel("a b c d e f g h i j", seconds_per_token=1.5))
    with pytest.raises(ProviderTimeout, match="was too slow to be listened to"):
        async for _ in stage.complete([], CompletionOptions("s")):
            pass
    assert now() < 6.0
    steady = models(ScriptedLanguageModel("word " * 50, seconds_per_token=0.5))
    assert len([delta async for delta in steady.complete([], CompletionOptions("s"))]) == 51


@in_virtual_time
async def test_a_slow_listener_is_not_the_provider_s_fault() -> None:
    stage = models(ScriptedLanguageModel("One two three.", seconds_per_token=0.1))
    async with aclosing(stage.complete([], CompletionOptions("s"))) as deltas:
        async for _ in deltas:
            await asyncio.sleep(60)


@in_virtual_time
@pytest.mark.parametrize("seconds", [0.5, 1.3, 2.6])
async def test_giving_up_closes_all_requests(seconds: float) -> None:
    one, two = Model("one", NEVER), Model("two", NEVER)
    task = asyncio.create_task(first_of(models(one, two)))
    await asyncio.sleep(seconds)
    assert one.open
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (one.open, two.open) == (0, 0)


# --- the words of an utterance ---


def frame(*, is_speech: bool = True, may_be_last: bool = False) -> AudioFrame:
    return AudioFrame(np.zeros(FRAME_SAMPLES, np.int16), is_speech, may_be_last)


async def live(*frames: AudioFrame) -> AsyncIterator[AudioFrame]:
    for one in frames:
        await asyncio.sleep(0.02)
        yield one


class Hears:
    """Settles at each pause and ends after its delays, NEVER being one of them."""

    def __init__(self, name: str, *, settled: Sequence[float] = (), final: float = 0.0) -> None:
        self.name = name
        self.settled = list(settled)
        self.final = final
        self.open = 0
        self.asked = 0

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        self.open += 1
        self.asked += 1
        try:
            async for one in audio:
                if one.may_be_last and self.settled:
                    await wait(self.settled.pop(0))
                    yield Transcript(self.name, is_final=False, is_settled=True)
            await wait(self.final)
            yield Transcript(self.name, is_final=True)
        finally:
            self.open -= 1


async def wait(seconds: float) -> None:
    await (asyncio.sleep(seconds) if seconds != NEVER else asyncio.Event().wait())


def recognisers(*providers: Any) -> SpeechToTexts:
    return SpeechToTexts([candidate("STT", one) for one in providers])


async def heard(stage: SpeechToTexts, *frames: AudioFrame) -> tuple[list[Transcript], float]:
    start = now()
    stream = stage.transcribe(live(*frames), TranscriptionOptions("s"))
    async with aclosing(stream):
        transcripts = [transcript async for transcript in stream]
    return transcripts, now() - start - 0.02 * len(frames)


@in_virtual_time
async def test_words_are_due_at_the_end_of_the_audio() -> None:
    one, two = Hears("one", final=NEVER), Hears("two", final=0.2)
    transcripts, late = await heard(recognisers(one, two), *[frame()] * 100)
    assert transcripts == [Transcript("two", is_final=True)]
    assert late == pytest.approx(1.5 + 0.2), "the hedge goes to the same provider, which hangs too; then it is replaced"
    assert (one.open, two.open) == (0, 0)


@in_virtual_time
async def test_a_long_utterance_may_take_longer() -> None:
    with pytest.raises(ProviderTimeout):
        await heard(recognisers(Hears("one", final=NEVER)), *[frame()] * 1500)
    assert now() == pytest.approx(30.0 + 3.0 + 25 * 0.05)


@in_virtual_time
async def test_a_pause_that_is_not_answered_is_hedged_while_the_utterance_is_open() -> None:
    one = Hears("one", settled=[0.1] * 30)
    stage = recognisers(one)
    for _ in range(30):
        await heard(stage, frame(), frame(may_be_last=True))
    one.settled = [NEVER, 0.1]
    pause = [frame(is_speech=False)] * 40
    transcripts, late = await heard(stage, frame(), frame(is_speech=False, may_be_last=True), *pause)
    assert transcripts == [Transcript("one", False, True), Transcript("one", True)]
    assert late == pytest.approx(0.0), "it was hedged before the audio ended"
    assert stage.health()[0].hedges_won == 1


@in_virtual_time
async def test_a_final_that_was_promised_does_not_make_a_provider_look_quick() -> None:
    stage = recognisers(Hears("one", settled=[0.3] * 60))
    for _ in range(25):
        await heard(stage, frame(), frame(may_be_last=True), *[frame(is_speech=False)] * 30)
    assert stage.health()[0].hedge_after_seconds == pytest.approx(0.306)


@in_virtual_time
async def test_a_recogniser_that_dies_after_it_settled_is_replaced() -> None:
    class Dies(Hears):
        async def transcribe(self, audio: Any, options: Any) -> AsyncGenerator[Transcript, None]:
            async for one in audio:
                if one.may_be_last:
                    yield Transcript("one", is_final=False, is_settled=True)
            raise DOWN

    stage = recognisers(Hears("zero", settled=[0.0]))
    transcripts, _ = await heard(recognisers(Dies("one"), Hears("two")), frame(), frame(may_be_last=True))
    assert transcripts[-1] == Transcript("two", is_final=True)
    assert stage.name == "zero"


@in_virtual_time
async def test_a_pause_in_which_nobody_ever_settles_does_not_count() -> None:
    one = Hears("one", final=0.1)
    pause = [frame(is_speech=False)] * 200
    transcripts, _ = await heard(recognisers(one), frame(), frame(is_speech=False, may_be_last=True), *pause)
    assert transcripts == [Transcript("one", is_final=True)]
    assert one.asked == 1


# --- what is known of the latency ---


def test_a_hedge_is_sent_when_nearly_all_would_have_answered() -> None:
    latency = ObservedLatency(0.1)
    for number in range(1, 20):
        latency.took(number / 100)
    assert latency.hedge_seconds(0.8) == 0.8, "too little is known"
    for number in range(1, 101):
        latency.took(number / 100)
    assert latency.hedge_seconds(2.0) == pytest.approx(0.97, abs=0.03)
    assert latency.hedge_seconds(0.8) == 0.8


def test_stalled_calls_do_not_hide_what_is_usual() -> None:
    latency = ObservedLatency(0.1)
    for number in range(200):
        latency.took(0.2) if number % 20 else latency.took_at_least(0.6)
    assert latency.hedge_seconds(0.8) == pytest.approx(0.2, rel=0.03)


def test_there_are_always_some_hedges_but_never_many() -> None:
    budget = HedgeBudget(0.1)
    assert sum(budget.spend() for _ in range(100)) == 15
    for _ in range(100):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) in (9, 10)


# --- any stage ---


@in_virtual_time
async def test_a_voice_is_due_when_there_are_words() -> None:
    async def clauses() -> AsyncIterator[str]:
        await asyncio.sleep(30)
        yield " "
        await asyncio.sleep(30)
        yield "Hello."

    slow = ScriptedTextToSpeech(first_audio_seconds=60.0)
    stage = TextToSpeeches([candidate("TTS", slow)])
    with pytest.raises(ProviderTimeout, match="Text-to-speech"):
        async for _ in stage.speak(clauses(), VoiceOptions("s")):
            pass
    assert now() == pytest.approx(62.5)


@in_virtual_time
@pytest.mark.parametrize("limit", [0.5, 4.0])
async def test_deadlines_are_a_matter_of_settings(limit: float) -> None:
    limits = replace(deadlines.LANGUAGE_MODEL, first_seconds=limit, last_seconds=limit)
    with pytest.raises(ProviderTimeout):
        await first_of(LanguageModels([candidate("LLM", Model("one", NEVER))], limits))
    assert now() == pytest.approx(limit)


@in_virtual_time
async def test_what_is_not_a_provider_s_failure_is_not_hidden() -> None:
    class Broken(Model):
        def complete(self, messages: Any, options: Any) -> Any:
            return self._broken()

        async def _broken(self) -> AsyncGenerator[ModelDelta, None]:
            raise LookupError("a mistake in the code")
            yield END

    with pytest.raises(LookupError, match="a mistake"):
        await first_of(models(Broken("one", 0.0), Model("two", 0.0)))


@pytest.mark.parametrize(
    "stage",
    [
        lambda: recognisers(ScriptedSpeechToText()).transcribe(live(frame()), TranscriptionOptions("s")),
        lambda: models(ScriptedLanguageModel("One two.")).complete([], CompletionOptions("s")),
    ],
)
async def test_a_stream_that_is_closed_at_once_leaves_nothing(stage: Callable[[], AsyncGenerator[Any, None]]) -> None:
    stream = stage()
    await anext(stream)
    await stream.aclose()
    assert len(asyncio.all_tasks()) == 1
