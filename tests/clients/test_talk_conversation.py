"""What a talk does when the conversation does not go as it should."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import numpy as np
import pytest
from voice_client import VoiceClient, talk
from voice_client.events import (
    Event,
    ReplyAudio,
    ReplyContinued,
    ReplyDucked,
    ReplyFinished,
    ReplyRestored,
    ReplyStarted,
    ReplyText,
    Span,
    SpeechStarted,
    SpeechStopped,
    TurnMeasured,
    UserTranscript,
    Waste,
)
from voice_client.microphone import FileMicrophone
from voice_client.speaker import Heard, VirtualSpeaker
from voice_client.talk import Talk, TalkOptions
from voice_client.terminal import Terminal, timing_lines, turn_line

from pipeline.errors import ProviderUnavailable
from pipeline.providers.scripted import ScriptedLanguageModel
from tests.clients.resuming_server import resuming_server
from tests.voice_server.full_server import FullServer, full_server


@asynccontextmanager
async def silent_talk(server: FullServer) -> AsyncIterator[Talk]:
    """A talk with a microphone that hears nothing."""
    terminal = Terminal(io.StringIO(), io.StringIO())
    async with VoiceClient(server.url) as client:
        yield Talk(client, FileMicrophone(np.zeros(2400, dtype=np.int16)), VirtualSpeaker(), terminal)


async def test_silence_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "ANSWER_SECONDS", 0.2)
    async with full_server() as server, silent_talk(server) as conversation:
        await asyncio.wait_for(conversation.run(), 20)
        assert conversation.failures == ["No answer came within 0.2 seconds."]
        assert conversation.voice_to_voice() is None
        assert len(conversation.audio()) == 0


class ScriptedClient:
    """Tells what it is told to tell, and remembers what it was told."""

    def __init__(self, *script: Event) -> None:
        self._script = script
        self.reports: list[Heard] = []

    async def events(self) -> AsyncGenerator[Event, None]:
        for event in self._script:
            yield event
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    async def report_playback(self, item_id: str, heard_ms: float, *, playing: bool) -> None:
        self.reports.append(Heard(item_id, heard_ms, playing))


async def test_speech_silences_the_answer_at_once_and_says_how_much_of_it_was_heard() -> None:
    now = 10.0
    speaker = VirtualSpeaker(lambda: now)
    second = np.full(24_000, 1000, dtype=np.int16)
    client = ScriptedClient(
        ReplyStarted("r1"),
        ReplyAudio("a1", second),
        SpeechStarted("u"),
        ReplyFinished("r1", "cancelled"),
        SpeechStopped("u"),
        UserTranscript("u", "wait", is_final=True),
        ReplyStarted("r2"),
        ReplyAudio("a2", second),
        ReplyText("a2", "Yes?"),
        ReplyFinished("r2", "completed"),
    )
    out = io.StringIO()
    conversation = Talk(cast("VoiceClient", client), None, speaker, Terminal(out, io.StringIO()))
    await asyncio.wait_for(conversation.run(), 20)
    assert client.reports[0] == Heard("a1", 0.0, playing=True)
    assert Heard("a1", 0.0, playing=False) in client.reports
    assert speaker.heard() == Heard("a2", 0.0, playing=True)
    assert out.getvalue().splitlines() == ["You        wait", "Assistant  Yes?"]
    assert conversation.failures == []
    assert len(conversation.audio()) == 48_000


class RecordingSpeaker(VirtualSpeaker):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def duck(self, item_id: str) -> None:
        self.told.append(f"duck {item_id}")

    def restore(self) -> None:
        self.told.append("restore")


async def test_what_stopped_an_answer_may_turn_out_to_be_nothing() -> None:
    speaker = RecordingSpeaker()
    client = ScriptedClient(
        ReplyStarted("r1"),
        ReplyAudio("a1", np.full(2400, 1000, dtype=np.int16)),
        ReplyText("a1", "Gold is"),
        ReplyDucked("a1"),
        ReplyRestored("a1"),
        ReplyDucked("a1"),
        SpeechStarted("u"),
        ReplyFinished("r1", "cancelled"),
        SpeechStopped("u"),
        ReplyStarted("r2"),
        ReplyContinued("r2", "r1"),
        ReplyText("a2", "an element."),
        ReplyFinished("r2", "completed"),
    )
    out = io.StringIO()
    await asyncio.wait_for(Talk(cast("VoiceClient", client), None, speaker, Terminal(out, io.StringIO())).run(), 20)
    assert speaker.told == ["duck a1", "restore", "duck a1"]
    assert out.getvalue().splitlines() == ["Assistant  Gold is — (interrupted)", "Assistant  … an element."]


async def test_speech_begins_before_the_connection_is_there() -> None:
    async with full_server() as server:
        client = VoiceClient(server.url)
        microphone = FileMicrophone(np.zeros(2400, dtype=np.int16))
        heard_before: list[float | None] = []

        @asynccontextmanager
        async def connection() -> AsyncIterator[None]:
            while not microphone.is_over:  # noqa: ASYNC110 -- a recording tells nobody when it is over
                await asyncio.sleep(0.01)
            heard_before.append(microphone.began)
            async with client:
                await client.send_text("hello")
                yield

        conversation = Talk(client, microphone, VirtualSpeaker(), Terminal(io.StringIO(), io.StringIO()))
        await asyncio.wait_for(conversation.run(connection()), 20)
        assert heard_before != [None]
        assert conversation.failures == []
        assert conversation.finished == 1


async def test_an_answer_that_fails_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    down = ScriptedLanguageModel(ProviderUnavailable("The model is down."))
    async with full_server(language_model=down) as server:
        code = await talk.talk(TalkOptions(server.url, text="hello"))
    assert code == 1
    assert "The answer failed: The model is down." in capsys.readouterr().err


async def test_a_server_that_leaves_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    async with resuming_server() as server, asyncio.timeout(20):
        talking = asyncio.create_task(talk.talk(TalkOptions(server.url, text="hello")))
        call = await server.call()
        await call.begin(token=None)
        await call.until(lambda c: "response.create" in c.kinds())
        await call.connection.close(1001, "shutting down")
        assert await talking == 1
    assert "shutting down" in capsys.readouterr().err


@pytest.mark.parametrize("is_remembered", [True, False])
async def test_a_connection_that_is_lost_in_mid_answer_is_told_and_the_answer_goes_on(
    capsys: pytest.CaptureFixture[str], *, is_remembered: bool
) -> None:
    def said(item_id: str, words: str) -> dict[str, Any]:
        return {"type": "response.output_text.delta", "item_id": item_id, "delta": words}

    def created(reply_id: str) -> dict[str, Any]:
        return {"type": "response.created", "response": {"id": reply_id}}

    def done(reply_id: str, status: str) -> dict[str, Any]:
        return {"type": "response.done", "response": {"id": reply_id, "status": status}}

    async with resuming_server() as server, asyncio.timeout(20):
        talking = asyncio.create_task(talk.talk(TalkOptions(server.url, text="hello")))
        call = await server.call()
        await call.begin()
        await call.until(lambda c: "response.create" in c.kinds())
        added = {"type": "conversation.item.added", "item": call.messages[1]["item"]}
        await call.say({"type": "session.updated"}, added, created("r1"), said("a1", "Gold is"))
        if is_remembered:
            call.drop()
            again = await server.call()
            await again.go_on(done("r1", "incomplete"))
        else:
            server.refusals = [(409, "session_not_resumable")]
            call.drop()
            again = await server.call()
            await again.begin()
        await again.say(created("r2"), said("a2", "an element."), done("r2", "completed"))
        assert await talking == 0
    told = [line.strip() for line in capsys.readouterr().out.splitlines()]
    back = "Back." if is_remembered else "The conversation could not be continued; a new one has begun."
    assert told[:3] == ["You        hello", "The connection to the server was lost. Reconnecting …", back]
    assert told[-1] == "Assistant  an element."


def test_the_table_of_times_adds_up() -> None:
    turn = TurnMeasured(300.0, (Span("pause", 0.0, 200.0), Span("transcript", 200.0, 300.0)))
    assert timing_lines(0.4567, turn) == [
        "voice to voice      457 ms   last word sent to first sound received",
        "on the server       300 ms   of which",
        "  pause             200 ms",
        "  transcript        100 ms",
    ]
    assert timing_lines(None, None) == []


def test_a_turn_tells_when_it_was_sure_and_what_it_wasted() -> None:
    turn = TurnMeasured(540.0, (), 450.0, Waste(1, 12, 41, 800.0))
    wasted = "1 answer: 12 tokens, 41 characters, 800 ms of voice"
    assert timing_lines(None, turn)[1:] == [
        "sure after          450 ms   what was done before was done while waiting",
        f"wasted          {wasted}",
    ]
    assert turn_line(turn) == f"           answered in 540 ms, sure after 450 ms, wasted {wasted}"
    assert turn_line(TurnMeasured(540.0, ())) == "           answered in 540 ms"
    assert turn_line(TurnMeasured(540.0, (), 450.0, Waste(0, 0, 0, 0.0))).endswith("sure after 450 ms")


def test_what_is_going_on_is_shown_only_to_somebody_who_watches() -> None:
    class Watched(io.StringIO):
        def isatty(self) -> bool:
            return True

    for err, expected in ((Watched(), "listening …\r\x1b[K"), (io.StringIO(), "")):
        out = io.StringIO()
        terminal = Terminal(out, err)
        terminal.passing("listening …")
        terminal.line("You  hello")
        assert (out.getvalue(), err.getvalue()) == ("You  hello\n", expected)
