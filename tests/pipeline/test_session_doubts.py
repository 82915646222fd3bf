"""Sounds over a reply: made quiet, decided, then cut or restored; what was cut by nothing goes on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace

import pytest

from pipeline.audio import FRAME_SECONDS, AudioFrame
from pipeline.errors import ProviderUnavailable
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    GuessDropped,
    ItemAdded,
    ReplyAudio,
    ReplyCancelled,
    ReplyDucked,
    ReplyFinished,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyRequested,
    ReplyRestored,
    ReplyStarted,
    RequestFailed,
    SettingsChanged,
    SpeechStarted,
)
from pipeline.items import FunctionCall, Message
from pipeline.listening import ECHO_LEARNT_FRAMES
from pipeline.prepared import Phrases
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolDefinition,
    Transcript,
    TranscriptionOptions,
    Usage,
)
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.tools import Tool
from tests.pipeline.lab import Client, Lab, laboratory, prepared
from tests.virtual_time import in_virtual_time

STORY = "Once upon a time there was a king, who had three daughters. They lived in a castle by the sea, far away."
CLIENTS = {
    "ducks and reports": Client(ducks=True, reports=True),
    "ducks": Client(ducks=True),
    "reports": Client(reports=True),
    "tells nothing": Client(),
}
QUIET_WITHIN_SECONDS = 0.15
RESTORED_WITHIN_SECONDS = 0.7
LAUGH_SECONDS = SessionSettings().interruption_seconds + 0.1
"""Enough to stop a reply, whoever hears it."""
each_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


def settings(client: Client, **changes: object) -> SessionSettings:
    semantic = TurnDetection("semantic_vad")
    plain = SessionSettings(turn_detection=semantic, reports_playback=client.reports, ducks=client.ducks)
    return replace(plain, **changes)  # type: ignore[arg-type]


async def begin(lab: Lab, reply_seconds: float = 1.5) -> str:
    """Let a reply sound for a while."""
    await lab.says(1.0)
    await lab.silence_until(ReplyAudio)
    await lab.silence(reply_seconds)
    return lab.all(ReplyStarted)[0].reply_id


def check_heard_once(lab: Lab, text: str = STORY) -> None:
    """All of the text was heard, once; a word that was cut may have been heard twice."""
    words = text.split()
    items = [item for item in lab.session.conversation if isinstance(item, Message) and item.role == "assistant"]
    sounded = [lab.sounded(item.id).split() for item in items]
    position = 0
    for number, heard in enumerate(sounded):
        if number and heard and words[position : position + 1] != heard[:1]:
            # The word in which it was cut is said again.
            position -= 1
        assert heard == words[position : position + len(heard)], (number, position, sounded)
        position += len(heard)
    assert position == len(words), sounded
    assert " ".join(item.text for item in items if item.text).split() == words


def none_lost(lab: Lab) -> None:
    """Whatever arrived at the client was heard."""
    for item_id in {audio.item_id for audio in lab.all(ReplyAudio)}:
        assert lab.unheard_seconds(item_id) == pytest.approx(0.0, abs=1e-6)


# --- sounds that are nothing ---


@each_client
@pytest.mark.parametrize(
    ("sound", "seconds"),
    [("", 0.25), ("", 0.4), ("mm-hm", 0.28), ("sì, sì", 0.28), ("Okay.", 0.28)],
    ids=["click", "cough", "mm-hm", "si si", "okay"],
)
def test_what_is_nothing_does_not_end_the_reply(client: Client, sound: str, seconds: float) -> None:
    if not client.ducks and seconds > 0.3:
        pytest.skip("a client that cannot play quietly is interrupted by so long a sound")

    @in_virtual_time
    async def scenario() -> None:
        stt = ScriptedSpeechToText("hello", sound, final_seconds=0.15)
        async with laboratory(settings(client), client=client, stt=stt, llm=ScriptedLanguageModel(STORY)) as lab:
            await begin(lab)
            await lab.says(seconds)
            await lab.hears_out()
            began = lab.speech_began_at[-1]
            assert lab.time_of(ReplyDucked) - began <= QUIET_WITHIN_SECONDS
            assert lab.time_of(ReplyRestored) - began <= RESTORED_WITHIN_SECONDS
            assert len(lab.all(ReplyDucked)) == len(lab.all(ReplyRestored)) == 1
            assert [reply.status for reply in lab.all(ReplyFinished)] == ["completed"]
            assert lab.said() == [("user", "hello"), ("assistant", STORY)]
            assert len(lab.all(SpeechStarted)) == 1
            check_heard_once(lab)
            none_lost(lab)
            assert len(lab.llm.requests) == 1

    scenario()


@in_virtual_time
async def test_no_audio_leaves_while_it_is_doubted() -> None:
    client = CLIENTS["ducks"]
    stt = ScriptedSpeechToText("hello", "", final_seconds=0.3)
    async with laboratory(settings(client), client=client, stt=stt, llm=ScriptedLanguageModel(STORY)) as lab:
        await begin(lab)
        await lab.says(0.3)
        await lab.hears_out()
        ducked, restored = lab.time_of(ReplyDucked), lab.time_of(ReplyRestored)
        assert not [
            time
            for time, output in zip(lab.times, lab.outputs, strict=True)
            if isinstance(output, ReplyAudio) and ducked < time < restored
        ]
        check_heard_once(lab)


@in_virtual_time
async def test_a_recogniser_that_never_knows_does_not_hold_the_reply() -> None:
    client = CLIENTS["ducks"]
    stt = ScriptedSpeechToText("hello", "sure", final_seconds=3.0)
    async with laboratory(settings(client), client=client, stt=stt, llm=ScriptedLanguageModel(STORY)) as lab:
        await begin(lab, 2.0)
        await lab.says(0.3)
        await lab.hears_out()
        assert lab.time_of(ReplyRestored) - lab.time_of(ReplyDucked) <= RESTORED_WITHIN_SECONDS + 0.1
        assert [reply.status for reply in lab.all(ReplyFinished)] == ["completed"]
        check_heard_once(lab)


@in_virtual_time
async def test_a_recogniser_that_fails_over_a_sound_costs_nothing() -> None:
    client = CLIENTS["ducks"]
    stt = ScriptedSpeechToText("hello", ProviderUnavailable("Lost."), "and you")
    async with laboratory(settings(client), client=client, stt=stt, llm=ScriptedLanguageModel(STORY, "Well.")) as lab:
        await begin(lab)
        await lab.says(0.3)
        await lab.hears_out()
        assert [reply.status for reply in lab.all(ReplyFinished)] == ["completed"]
        check_heard_once(lab)
        await lab.says(1.0)
        await lab.hears_out()
        assert lab.last_answer.text == "Well."


@in_virtual_time
async def test_yes_after_a_question_is_an_answer() -> None:
    client = CLIENTS["ducks"]
    stt = ScriptedSpeechToText("hello", "yes")
    asks = "I have a table at eight o'clock this evening. Shall I book it?"
    async with laboratory(settings(client), client=client, stt=stt, llm=ScriptedLanguageModel(asks, "Done.")) as lab:
        await begin(lab, 0.5)
        # All of it is written, and sounds.
        await lab.until(ReplyFinished)
        await lab.silence(0.2)
        await lab.says(0.3)
        await lab.hears_out()
        assert lab.last_answer.text == "Done."
        assert [role for role, _ in lab.said()] == ["user", "assistant", "user", "assistant"]


# --- real interruptions ---


@each_client
def test_a_real_interruption_cuts(client: Client) -> None:
    @in_virtual_time
    async def scenario() -> None:
        stt = ScriptedSpeechToText("hello", "no wait tell me about the sea", seconds_per_word=0.2)
        llm = ScriptedLanguageModel(STORY, "The sea is blue.")
        async with laboratory(settings(client), client=client, stt=stt, llm=llm) as lab:
            first = await begin(lab)
            await lab.says(1.6)
            await lab.hears_out()
            began = lab.speech_began_at[-1]
            assert lab.time_of(ReplyDucked) - began <= QUIET_WITHIN_SECONDS
            assert lab.all(ReplyRestored) == []
            cut = next(reply for reply in lab.all(ReplyFinished) if reply.reply_id == first)
            assert (cut.status, cut.reason) == ("cancelled", "turn_detected")
            last_audio = max(
                time
                for time, output in zip(lab.times, lab.outputs, strict=True)
                if isinstance(output, ReplyAudio) and output.reply_id == first
            )
            assert last_audio - began <= QUIET_WITHIN_SECONDS
            assert [role for role, _ in lab.said()] == ["user", "assistant", "user", "assistant"]
            assert lab.last_answer.text == "The sea is blue."
            assert STORY.startswith(lab.said()[1][1])
            assert all(started.continues is None for started in lab.all(ReplyStarted))

    scenario()


class LateWords:
    """Hears an utterance word by word, each a while after it was said, and settles nothing."""

    name = "late"

    def __init__(self, *script: str, late_seconds: float, seconds_per_word: float) -> None:
        self._script = script
        self._asked = 0
        self._late_seconds = late_seconds
        self._seconds_per_word = seconds_per_word

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        words = self._script[min(self._asked, len(self._script) - 1)].split()
        self._asked += 1
        loop = asyncio.get_running_loop()
        shown: asyncio.Queue[str | None] = asyncio.Queue()

        async def listen() -> None:
            spoken, count = 0.0, 0
            async for frame in audio:
                spoken += frame.is_speech * 0.02
                while count < len(words) and spoken >= (count + 1) * self._seconds_per_word:
                    count += 1
                    loop.call_later(self._late_seconds, shown.put_nowait, " ".join(words[:count]))
            loop.call_later(self._late_seconds, shown.put_nowait, None)

        listening = asyncio.create_task(listen())
        try:
            while (text := await shown.get()) is not None:
                yield Transcript(text, is_final=False)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        yield Transcript(" ".join(words), is_final=True)


@each_client
@pytest.mark.parametrize("late", [0.0, 0.05, 0.15, 0.25, 0.4, 0.8])
def test_words_that_come_late_and_unsettled_interrupt(client: Client, late: float) -> None:
    @in_virtual_time
    async def scenario() -> None:
        stt = LateWords("hello", "what about tomorrow", late_seconds=late, seconds_per_word=0.08)
        llm = ScriptedLanguageModel(STORY, "Tomorrow it rains.")
        async with laboratory(settings(client), client=client, stt=stt, llm=llm) as lab:
            await begin(lab)
            await lab.says(0.28)
            await lab.hears_out()
            assert lab.last_answer.text == "Tomorrow it rains."
            assert [reply.status for reply in lab.all(ReplyFinished)] == ["cancelled", "completed"]

    scenario()


@in_virtual_time
async def test_what_was_interrupted_in_earnest_does_not_come_back() -> None:
    client = CLIENTS["ducks"]
    stt = ScriptedSpeechToText("hello", "no wait what time is it now", "thanks")
    llm = ScriptedLanguageModel(STORY, "It is ten.", "You are welcome.")
    async with laboratory(settings(client), client=client, stt=stt, llm=llm) as lab:
        await begin(lab)
        await lab.says(1.5)
        await lab.hears_out()
        await lab.silence(2.0)
        await lab.says(0.5)
        await lab.hears_out()
        assert lab.last_answer.text == "You are welcome."
        assert all(started.continues is None for started in lab.all(ReplyStarted))


# --- false stops ---


@each_client
@pytest.mark.parametrize("at", [0.1, 1.0, 2.3, 5.0])
@pytest.mark.parametrize("written_seconds", [0.0, 0.12])
def test_a_laugh_costs_no_words(client: Client, at: float, written_seconds: float) -> None:
    @in_virtual_time
    async def scenario() -> None:
        llm = ScriptedLanguageModel(STORY, seconds_per_token=written_seconds)
        stt = ScriptedSpeechToText("hello", "", final_seconds=0.2)
        async with laboratory(settings(client), client=client, stt=stt, llm=llm) as lab:
            first = await begin(lab, at)
            await lab.says(LAUGH_SECONDS)
            await lab.hears_out()
            started = lab.all(ReplyStarted)
            if client.ducks and at < ECHO_LEARNT_FRAMES * FRAME_SECONDS and len(started) == 1:
                # It sounded too much like what was played for the first time: words are needed.
                assert lab.all(ReplyRestored)
                check_heard_once(lab)
                return
            assert [reply.continues for reply in started] == [None, first]
            assert [reply.status for reply in lab.all(ReplyFinished)] in (
                ["cancelled", "completed"],
                ["completed", "completed"],
            )
            check_heard_once(lab)
            assert len(lab.llm.requests) == 1, "the model is not asked again: its words are still there"

    scenario()


@pytest.mark.parametrize("detection", [TurnDetection("semantic_vad"), TurnDetection()], ids=["semantic", "fixed"])
@pytest.mark.parametrize("final_seconds", [0.3, 0.6, 1.5])
@pytest.mark.parametrize("sound", ["", "haha"])
def test_a_laugh_whose_words_come_late_costs_no_words(
    detection: TurnDetection, final_seconds: float, sound: str
) -> None:
    @in_virtual_time
    async def scenario() -> None:
        client = CLIENTS["ducks"]
        stt = ScriptedSpeechToText("hello", sound, final_seconds=final_seconds)
        held = settings(client, turn_detection=detection)
        async with laboratory(held, client=client, stt=stt, llm=ScriptedLanguageModel(STORY)) as lab:
            await begin(lab)
            await lab.says(LAUGH_SECONDS)
            await lab.hears_out()
            check_heard_once(lab)
            assert len(lab.llm.requests) == 1

    scenario()


@in_virtual_time
async def test_words_after_a_laugh_drop_the_rest() -> None:
    client = CLIENTS["ducks"]
    stt = ScriptedSpeechToText("hello", "ha ha no tell me about the weather", seconds_per_word=0.25)
    llm = ScriptedLanguageModel(STORY, "It rains.", seconds_per_token=0.1)
    async with laboratory(settings(client), client=client, stt=stt, llm=llm) as lab:
        await begin(lab)
        await lab.says(LAUGH_SECONDS)
        await lab.silence(0.08)
        await lab.says(1.5)
        await lab.hears_out()
        assert lab.last_answer.text == "It rains."
        assert all(started.continues is None for started in lab.all(ReplyStarted))
        await lab.silence(20.0)
        assert lab.last_answer.text == "It rains."
        assert lab.session._replies._stopped is None
        assert len(lab.session._group._tasks) == 0, "the model writes for nobody"


@in_virtual_time
async def test_a_continued_reply_can_be_stopped_again() -> None:
    client = CLIENTS["ducks"]
    stt = ScriptedSpeechToText("hello", "")
    async with laboratory(settings(client), client=client, stt=stt, llm=ScriptedLanguageModel(STORY)) as lab:
        await begin(lab)
        for _ in range(2):
            await lab.says(LAUGH_SECONDS)
            await lab.silence(1.5)
        await lab.hears_out()
        check_heard_once(lab)
        starts = lab.all(ReplyStarted)
        assert [reply.continues for reply in starts[1:]] == [reply.reply_id for reply in starts[:-1]]


class CallsInTheMiddle:
    """Says something and calls a function of the client's meanwhile, slowly."""

    name = "calls"

    def __init__(self, before: str, pause_seconds: float) -> None:
        self._before = before
        self._pause_seconds = pause_seconds
        self.asked = 0

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        self.asked += 1
        yield TextDelta(self._before)
        await asyncio.sleep(self._pause_seconds)
        yield ToolCallDelta(0, "call_1", "outside", "")
        for piece in ('{"a": ', "1, ", '"b": ', "2}"):
            await asyncio.sleep(0.5)
            yield ToolCallDelta(0, None, None, piece)
        yield Completed("tool_calls", Usage())


@pytest.mark.parametrize("pause_seconds", [0.1, 1.0, 1.8, 2.0, 2.4, 3.0, 4.0])
def test_a_laugh_over_a_call_of_the_clients_function(pause_seconds: float) -> None:
    @in_virtual_time
    async def scenario() -> None:
        client = CLIENTS["ducks"]
        model = CallsInTheMiddle(STORY, pause_seconds)
        outside = settings(client, tools=(ToolDefinition("outside", "", {}),))
        stt = ScriptedSpeechToText("hello", "")
        async with laboratory(outside, client=client, stt=stt, llm=model) as lab:
            await begin(lab)
            await lab.says(LAUGH_SECONDS)
            await lab.hears_out()
            assert model.asked == 1
            check_heard_once(lab)
            # Whatever was begun is finished by the reply that began it, and the call is there to its end, once.
            begun: dict[str, set[str]] = {}
            for output in lab.outputs:
                match output:
                    case ReplyStarted(reply_id):
                        begun[reply_id] = set()
                    case ReplyItemStarted(reply_id, item):
                        begun[reply_id].add(item.id)
                    case ReplyItemFinished(reply_id, item):
                        begun[reply_id].remove(item.id)
                    case ReplyFinished(reply_id):
                        assert begun[reply_id] == set()
            done = [one.item for one in lab.all(ReplyItemFinished) if isinstance(one.item, FunctionCall)]
            complete = [call for call in done if call.status == "completed"]
            assert [(call.call_id, call.name, call.arguments) for call in complete] == [
                ("call_1", "outside", '{"a": 1, "b": 2}')
            ]

    scenario()


@in_virtual_time
async def test_a_tool_is_not_called_again_for_the_rest() -> None:
    calls = []

    async def run(arguments: Mapping[str, object]) -> str:
        calls.append(arguments)
        return "fine"

    client = CLIENTS["ducks"]
    llm = ScriptedLanguageModel(ToolCall("c", "inside", "{}"), STORY)
    tools = [Tool(ToolDefinition("inside", "", {}), run)]
    stt = ScriptedSpeechToText("hello", "")
    async with laboratory(settings(client), client=client, stt=stt, llm=llm, tools=tools) as lab:
        await begin(lab)
        await lab.says(LAUGH_SECONDS)
        await lab.hears_out()
        assert len(calls) == 1
        check_heard_once(lab)


@in_virtual_time
async def test_a_failure_after_a_false_stop_is_told_once() -> None:
    client = CLIENTS["ducks"]
    sorry = Phrases(apology=prepared("Sorry about that.", 1.5))

    class Fails(ScriptedLanguageModel):
        async def complete(
            self, messages: Sequence[ModelMessage], options: CompletionOptions
        ) -> AsyncGenerator[ModelDelta, None]:
            self.requests.append((list(messages), options))
            yield TextDelta("One, two, three, four. ")
            raise ProviderUnavailable("Lost.")

    stt = ScriptedSpeechToText("hello", "")
    async with laboratory(settings(client), client=client, stt=stt, llm=Fails(), phrases=sorry) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        await lab.silence(0.2)
        assert lab.loudspeaker.playing
        await lab.says(LAUGH_SECONDS)
        await lab.hears_out()
        sounded = " ".join(lab.sounded(item) for item in dict.fromkeys(audio.item_id for audio in lab.all(ReplyAudio)))
        for word in ("One,", "two,", "three,", "four."):
            assert sounded.count(word) == 1, sounded


# --- starvation ---


@pytest.mark.parametrize("client", [CLIENTS["ducks and reports"], CLIENTS["tells nothing"]], ids=["ducks", "does not"])
@pytest.mark.parametrize(("seconds", "gap"), [(0.25, 0.5), (0.45, 0.8), (LAUGH_SECONDS, 1.5)])
@pytest.mark.parametrize("final_seconds", [0.1, 1.0])
def test_coughs_cannot_starve_a_reply(client: Client, seconds: float, gap: float, final_seconds: float) -> None:
    @in_virtual_time
    async def scenario() -> None:
        stt = ScriptedSpeechToText("hello", "", final_seconds=final_seconds)
        async with laboratory(settings(client), client=client, stt=stt, llm=ScriptedLanguageModel(STORY)) as lab:
            await begin(lab, 0.5)
            for _ in range(20):
                await lab.says(seconds)
                await lab.silence(gap)
            await lab.hears_out(limit_seconds=15.0)
            check_heard_once(lab)
            assert len(lab.llm.requests) == 1

    scenario()


# --- the client's hand on a doubted reply ---


@pytest.mark.parametrize("what", ["cancel", "request", "clear", "commit", "settings", "manual", "close"])
def test_whatever_the_client_does_meanwhile(what: str) -> None:
    @in_virtual_time
    async def scenario() -> None:
        client = CLIENTS["ducks"]
        held = settings(client)
        stt = ScriptedSpeechToText("hello", "", "next", final_seconds=0.5)
        llm = ScriptedLanguageModel(STORY, "Next.")
        async with laboratory(held, client=client, stt=stt, llm=llm) as lab:
            await begin(lab)
            await lab.says(0.3)
            assert lab.all(ReplyDucked)
            assert lab.session._turns.state.value == "doubting"
            match what:
                case "cancel":
                    lab.send(ReplyCancelled())
                case "request":
                    lab.send(ReplyRequested())
                case "clear":
                    lab.send(AudioCleared())
                case "commit":
                    lab.send(AudioCommitted())
                case "settings":
                    lab.send(SettingsChanged(replace(held, instructions="Be brief.")))
                case "manual":
                    lab.send(SettingsChanged(replace(held, turn_detection=None)))
                case "close":
                    return
            await lab.settle()
            if what == "manual":
                await lab.silence_until(ReplyFinished)
                await lab.silence(3.0)
            else:
                await lab.hears_out()
            assert len(lab.all(ReplyRestored)) == (0 if what == "cancel" else 1)
            statuses = [reply.status for reply in lab.all(ReplyFinished)]
            # Without a reply to protect, the sound is listened to like any other, and then given no answer.
            assert statuses == (["cancelled", "completed"] if what == "cancel" else ["completed"])
            assert len(lab.llm.requests) == 1
            assert len(lab.all(RequestFailed)) == (1 if what == "request" else 0)
            if what != "cancel":
                check_heard_once(lab)
            assert len(lab.all(ItemAdded)) == (2 if what in ("commit", "cancel") else 1)
            if what != "manual":
                await lab.says(1.0)
                await lab.hears_out()
                assert lab.last_answer.text == "Next."
            assert lab.all(GuessDropped) == []

    scenario()


@pytest.mark.parametrize("what", ["llm", "tts"])
def test_a_provider_that_fails_while_it_is_doubted(what: str) -> None:
    @in_virtual_time
    async def scenario() -> None:
        client = CLIENTS["ducks"]
        model: ScriptedLanguageModel = ScriptedLanguageModel(STORY, "Next.")
        voice = ScriptedTextToSpeech()

        class Dies(ScriptedLanguageModel):
            async def complete(
                self, messages: Sequence[ModelMessage], options: CompletionOptions
            ) -> AsyncGenerator[ModelDelta, None]:
                self.requests.append((list(messages), options))
                if len(self.requests) > 1:
                    yield TextDelta("Next.")
                    yield Completed("stop", Usage())
                    return
                yield TextDelta("Once upon a time there was a king who had many daughters and sons. ")
                await asyncio.sleep(1.75 + 0.12)
                raise ProviderUnavailable("Lost.")

        if what == "llm":
            model = Dies()
        else:
            calm = voice.speak

            async def dies(clauses: AsyncIterator[str], options: object) -> AsyncGenerator[object, None]:
                count = len(voice.requests)
                async for chunk in calm(clauses, options):  # type: ignore[arg-type]
                    yield chunk
                    if not count and sum(len(audio.samples) for audio in lab.all(ReplyAudio)) > 24_000:
                        await asyncio.sleep(0.9)
                        raise ProviderUnavailable("Lost.")

            voice.speak = dies  # type: ignore[method-assign, assignment]
        stt = ScriptedSpeechToText("hello", "", "next", final_seconds=0.5)
        phrases = Phrases(apology=prepared("Sorry about that.", 1.0))
        async with laboratory(settings(client), client=client, stt=stt, llm=model, tts=voice, phrases=phrases) as lab:
            await begin(lab, 1.5)
            await lab.says(0.25)
            await lab.hears_out()
            assert [reply.status for reply in lab.all(ReplyFinished)] == ["failed"]
            assert lab.last_answer.text.endswith("Sorry about that.")
            assert len(lab.all(ReplyDucked)) == len(lab.all(ReplyRestored))
            await lab.says(1.0)
            await lab.hears_out()
            assert lab.last_answer.text == "Next."

    scenario()


# --- before anything of the reply was heard ---


@pytest.mark.parametrize("first_token_seconds", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("seconds", [0.25, LAUGH_SECONDS])
def test_a_sound_over_a_reply_that_is_being_prepared(first_token_seconds: float, seconds: float) -> None:
    @in_virtual_time
    async def scenario() -> None:
        client = CLIENTS["ducks"]
        stt = ScriptedSpeechToText("hello", "")
        llm = ScriptedLanguageModel(STORY, first_token_seconds=first_token_seconds)
        async with laboratory(settings(client), client=client, stt=stt, llm=llm) as lab:
            await lab.says(1.0)
            await lab.silence_until(ReplyStarted)
            await lab.silence(0.1)
            await lab.says(seconds)
            await lab.hears_out()
            assert lab.all(ReplyFinished)[-1].status == "completed"
            assert len(lab.all(ReplyDucked)) == len(lab.all(ReplyRestored)) or seconds > 0.3
            check_heard_once(lab)

    scenario()
