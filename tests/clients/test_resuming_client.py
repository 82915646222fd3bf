"""The Python client when the connection, or the server, is lost: it goes on, loses nothing and tells nothing twice."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from voice_client import ConnectionFailed, VoiceClient
from voice_client.events import (
    ConnectionLost,
    ConnectionResumed,
    ConversationRestarted,
    Event,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ReplyText,
    ServerError,
    SessionStarted,
    SpeechStarted,
)

from tests.clients.resuming_server import PATIENCE_SECONDS, Call, QuickClock, ResumingServer, resuming_server

Kind = TypeVar("Kind", bound=Event)
WHOLE_SESSION: dict[str, object] = {"audio": {"input": {"turn_detection": None}}}


class Ear:
    """Iterates the client's events for a test."""

    def __init__(self, client: VoiceClient) -> None:
        self._client = client
        self.heard: list[Event] = []
        self._news = asyncio.Condition()
        self.failure: ConnectionFailed | None = None

    async def listen(self) -> None:
        try:
            async with aclosing(self._client.events()) as events:
                async for event in events:
                    async with self._news:
                        self.heard.append(event)
                        self._news.notify_all()
        except ConnectionFailed as error:
            async with self._news:
                self.failure = error
                self._news.notify_all()

    async def hears(self, kind: type[Kind], count: int = 1) -> Kind:
        """The `count`th event of this kind."""

        def found() -> list[Kind]:
            return [event for event in self.heard if isinstance(event, kind)]

        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(found()) >= count)
        return found()[count - 1]

    async def fails(self) -> str:
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: self.failure)
        return str(self.failure)


@asynccontextmanager
async def talking(
    server: ResumingServer, clock: QuickClock | None = None, **options: Any
) -> AsyncIterator[tuple[VoiceClient, Ear, Call]]:
    """A conversation that the server can resume with `token_1`."""
    client = VoiceClient(server.url, "key_1", clock=clock or QuickClock(), **options)
    async with client:
        ear = Ear(client)
        listening = asyncio.create_task(ear.listen())
        call = await server.call()
        await call.begin()
        await ear.hears(SessionStarted)
        await call.say({"type": "session.updated", "event_id": "event_2", "seq": 1})
        try:
            yield client, ear, call
        finally:
            listening.cancel()
            await asyncio.wait([listening])


def block(number: int) -> npt.NDArray[np.int16]:
    return np.full(480, number, dtype=np.int16)


async def speak(client: VoiceClient, numbers: range) -> None:
    for number in numbers:
        await client.send_audio(block(number))


UNDERSTOOD = {
    "type": "conversation.item.input_audio_transcription.completed",
    "event_id": "understood",
    "transcript": "what is gold",
}


def text(item_id: str, words: str, event_id: str, **more: object) -> dict[str, Any]:
    return {"type": "response.output_audio_transcript.delta", "item_id": item_id, "delta": words} | {
        "event_id": event_id,
        **more,
    }


def created(reply_id: str, event_id: str, **response: object) -> dict[str, Any]:
    return {"type": "response.created", "event_id": event_id, "response": {"id": reply_id, **response}}


async def test_an_answer_that_is_cut_goes_on_where_it_was() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        await call.say(created("r1", "e10", seq=2), text("item_a", "Gold ", "e11"))
        await call.play("item_a", 120)
        await call.play("item_a", 80)
        await ear.hears(ReplyAudio, 2)
        await client.report_playback("item_a", 40.0, playing=True)
        await call.until(lambda c: "voice.playback" in c.kinds())
        call.drop()
        await ear.hears(ConnectionLost)
        await client.report_playback("item_a", 200.0, playing=False)
        again = await server.call()
        assert again.query == {
            **call.query,
            "resume": "token_1",
            "after": "1",
            "connection": "1",
            "item": "item_a",
            "received_ms": "200",
        }
        details = {"reason": "connection_lost"}
        await again.go_on(
            created("r1", "e10"),
            text("item_a", "Gold ", "e11", seq=3),
            {
                "type": "response.done",
                "event_id": "e12",
                "seq": 4,
                "response": {"id": "r1", "status": "incomplete", "status_details": details},
            },
        )
        assert await ear.hears(ConnectionResumed) == ConnectionResumed("sess_1")
        assert (await ear.hears(ReplyFinished)).status == "incomplete"
        assert len([event for event in ear.heard if isinstance(event, ReplyStarted | ReplyText)]) == 2
        await again.until(lambda c: c.messages)
        assert again.messages == [{"type": "voice.playback", "item_id": "item_a", "heard_ms": 200.0, "playing": False}]
        again.drop()
        third = await server.call()
        assert (third.query["resume"], third.query["after"]) == ("token_2", "4")
        assert "item" not in third.query


async def test_events_that_come_twice_are_told_once() -> None:
    async with resuming_server() as server, talking(server) as (_, ear, call):
        await call.say(text("i", "one ", "e1"), text("i", "two ", "e2", seq=7), text("i", "three ", "e3"))
        await ear.hears(ReplyText, 3)
        call.drop()
        again = await server.call()
        assert again.query["after"] == "7"
        await again.go_on(text("i", "three ", "e3"), text("i", "four ", "e4", seq=8))
        await again.say(text("i", "five", "e5"))
        await ear.hears(ReplyText, 5)
        words = [event.text for event in ear.heard if isinstance(event, ReplyText)]
        assert words == ["one ", "two ", "three ", "four ", "five"]


async def test_speech_that_did_not_arrive_is_sent_again_to_the_sample_and_what_was_said_meanwhile_follows() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        await speak(client, range(100))
        await call.until(lambda c: len(c.blocks) == 100)
        call.drop()
        await ear.hears(ConnectionLost)
        await speak(client, range(100, 130))
        again = await server.call()
        await speak(client, range(130, 140))
        # Half of the 90th block, and the ten blocks after it, did not arrive.
        await again.go_on(resend_from_ms=1790)
        await ear.hears(ConnectionResumed)
        await speak(client, range(140, 142))
        await again.until(lambda c: len(c.samples) >= 240 + 480 * 52)
        assert again.samples == [89] * 240 + [number for number in range(90, 142) for _ in range(480)]
        again.drop()
        third = await server.call()
        # Counted from the first sample of the second connection, which was the 240 above.
        await third.go_on(resend_from_ms=10 + 51 * 20, token="token_3")
        await third.until(lambda c: c.samples)
        assert third.samples == [141] * 480


@pytest.mark.parametrize("is_understood", [True, False])
async def test_of_what_was_understood_only_the_newest_moment_is_kept(is_understood: bool) -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        await speak(client, range(500))
        await call.until(lambda c: len(c.blocks) == 500)
        await call.say(
            {"type": "input_audio_buffer.speech_started", "item_id": "u"},
            {"type": "input_audio_buffer.committed", "item_id": "u"},
            *([{**UNDERSTOOD, "item_id": "u"}] if is_understood else []),
            text("i", ".", "e1"),
        )
        await ear.hears(ReplyText)
        call.drop()
        again = await server.call()
        await again.go_on(resend_from_ms=0)
        await speak(client, range(500, 501))
        await again.until(lambda c: 500 in c.blocks)
        # Else the server may have lost the words together with the connection.
        assert again.blocks == list(range(500 - 75 if is_understood else 0, 501))


async def test_of_a_long_gap_the_last_minute_is_kept() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        call.drop()
        again = await server.call()
        await speak(client, range(3100))
        await again.go_on()
        await again.until(lambda c: len(c.blocks) == 3000)
        assert again.blocks == list(range(100, 3100))
        assert ear.failure is None


async def test_what_was_asked_and_not_answered_is_asked_again_after_what_was_missed() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        await client.send_text("one")
        await call.until(lambda c: c.kinds()[-1] == "response.create")
        first = call.messages[1]
        call.drop()
        await ear.hears(ConnectionLost)
        await client.send_text("two")
        again = await server.call()
        # The first arrived, as its missed answer shows; the second was never sent.
        added = {"type": "conversation.item.added", "event_id": "e20", "item": first["item"]}
        await again.go_on(added, created("r1", "e21", seq=3))
        await ear.hears(ReplyStarted)
        await again.until(lambda c: len(c.messages) >= 2)
        assert again.kinds() == ["conversation.item.create", "response.create"]
        assert again.messages[0]["item"]["content"] == [{"type": "input_text", "text": "two"}]


async def test_what_is_asked_twice_may_be_refused_in_silence_but_nothing_else() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        await client.send_text("one")
        await call.until(lambda c: c.kinds()[-1] == "response.create")
        call.drop()
        again = await server.call()
        await again.go_on()
        await again.until(lambda c: len(c.messages) == 2)
        assert [message["event_id"] for message in again.messages] == [m["event_id"] for m in call.messages[1:]]
        assert again.messages[0]["item"]["id"] == call.messages[1]["item"]["id"]

        def error(code: str, request: object) -> dict[str, Any]:
            return {"type": "error", "error": {"code": code, "message": code, "event_id": request}}

        await again.say(
            error("item_create_duplicate_item_id", again.messages[0]["event_id"]),
            error("item_create_duplicate_item_id", None),
            error("invalid_value", again.messages[1]["event_id"]),
        )
        await ear.hears(ServerError, 2)
        told = [event.code for event in ear.heard if isinstance(event, ServerError)]
        assert told == ["item_create_duplicate_item_id", "invalid_value"]


async def test_fewer_missed_events_than_announced_hold_nothing_up() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        call.drop()
        await ear.hears(ConnectionLost)
        await client.send_text("one")
        again = await server.call()
        await again.say({"type": "voice.resumed", "event_id": "e", "session_id": "sess_1", "replayed": 3})
        await again.until(lambda c: c.kinds() == ["conversation.item.create", "response.create"])


async def test_a_conversation_that_cannot_be_resumed_is_followed_by_another() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        await speak(client, range(200))
        await call.until(lambda c: len(c.blocks) == 200)
        await call.say({"type": "input_audio_buffer.speech_started", "item_id": "u"})
        await ear.hears(SpeechStarted)
        await speak(client, range(200, 210))
        await client.send_text("one")
        await call.until(lambda c: c.kinds()[-1] == "response.create")
        server.refusals = [(409, "session_not_resumable")]
        call.drop()
        await ear.hears(ConnectionLost)
        await speak(client, range(210, 215))
        again = await server.call()
        assert server.refused[0]["resume"] == "token_1"
        assert again.query == {**call.query, "greeting": "0"}
        await again.begin("token_9")
        assert await ear.hears(ConversationRestarted) == ConversationRestarted("sess_1")
        await again.until(lambda c: len(c.messages) == 3 and len(c.blocks) == 90)
        assert again.kinds() == ["session.update", "conversation.item.create", "response.create"]
        assert again.blocks == list(range(200 - 75, 215))
        again.drop()
        third = await server.call()
        assert (third.query["resume"], third.query["after"]) == ("token_9", "0")


async def test_where_the_user_ends_the_turns_another_conversation_hears_all_of_the_turn() -> None:
    async with resuming_server() as server, talking(server, session=WHOLE_SESSION) as (client, ear, call):
        await speak(client, range(200))
        await call.until(lambda c: len(c.blocks) == 200)
        server.refusals = [(409, "session_not_resumable")]
        call.drop()
        await ear.hears(ConnectionLost)
        await client.commit()
        again = await server.call()
        await again.begin()
        await again.until(lambda c: len(c.messages) == 2)
        assert again.blocks == list(range(200))
        assert again.kinds() == ["session.update", "input_audio_buffer.commit"]


async def test_a_server_that_is_busy_is_asked_ever_less_often() -> None:
    clock = QuickClock()
    async with resuming_server() as server, talking(server, clock) as (_, ear, call):
        server.refusals = [(503, "server_overloaded")] * 8
        call.drop()
        again = await server.call()
        await again.go_on()
        await ear.hears(ConnectionResumed)
        assert len(server.refused) == 8
        assert clock.waits[0] == 0
        for wait, seconds in zip(clock.waits[1:], (0.25, 0.5, 1, 2, 4, 8, 8, 8), strict=True):
            assert 0.75 * seconds <= wait <= 1.25 * seconds


async def test_when_the_conversation_has_expired_another_begins() -> None:
    clock = QuickClock()
    async with resuming_server() as server, talking(server, clock) as (_, ear, call):
        server.refusals = [(503, "server_overloaded")] * 30
        real_sleep = clock.sleep

        async def sleep(seconds: float) -> None:
            await real_sleep(seconds)
            if clock.now >= 1060:
                server.refusals.clear()

        clock.sleep = sleep  # type: ignore[method-assign]
        call.drop()
        again = await server.call()
        assert "resume" not in again.query
        await again.begin()
        await ear.hears(ConversationRestarted)
        assert sum(clock.waits) >= 60


@pytest.mark.parametrize(
    ("refusals", "reason"),
    [([(503, "server_overloaded")] * 30, "503.*server_overloaded"), ([(401, "invalid_api_key")], "401")],
)
async def test_in_the_end_it_is_told_why_nothing_goes_on(refusals: list[tuple[int, str]], reason: str) -> None:
    async with resuming_server() as server, talking(server) as (_, ear, call):
        server.refusals = refusals
        call.drop()
        assert re.search(reason, await ear.fails())


@pytest.mark.parametrize("code", [1012, 1001, 1011])
async def test_a_server_that_says_goodbye_for_now_is_followed(code: int) -> None:
    async with resuming_server() as server, talking(server) as (_, ear, call):
        await call.connection.close(code, "shutting down")
        await (await server.call()).go_on()
        await ear.hears(ConnectionResumed)


@pytest.mark.parametrize("code", [1000, 1008])
async def test_a_server_that_hangs_up_is_left_alone(code: int) -> None:
    async with resuming_server() as server, talking(server) as (_, ear, call):
        await call.connection.close(code, "enough")
        assert await ear.fails()
        assert server.calls.empty()


async def test_a_conversation_that_another_client_has_taken_is_not_taken_back() -> None:
    async with resuming_server() as server, talking(server) as (_, ear, call):
        await call.say({"type": "error", "error": {"code": "session_moved", "message": "It is elsewhere."}})
        await call.connection.close(1012, "moved")
        assert await ear.fails()
        assert server.calls.empty()


async def test_without_a_token_a_loss_is_the_end() -> None:
    async with resuming_server() as server, VoiceClient(server.url) as client:
        ear = Ear(client)
        call = await server.call()
        await call.begin(token=None)
        await call.connection.close(1001, "shutting down")
        await ear.listen()
        assert str(ear.failure) == "The server ended the conversation: shutting down."
        with pytest.raises(ConnectionFailed):
            await client.send_text("hello")


async def test_a_connection_that_is_only_silent_is_noticed() -> None:
    async with resuming_server() as server, talking(server, heartbeat_seconds=0.05) as (_, ear, call):
        call.connection.transport.pause_reading()
        again = await server.call()
        await again.go_on()
        await ear.hears(ConnectionResumed)
        assert await ear.hears(ConnectionLost) == ConnectionLost("The connection to the server was lost.")


async def test_a_server_that_will_stop_is_left_only_when_another_has_taken_over() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        await speak(client, range(10))
        await call.until(lambda c: len(c.blocks) == 10)
        await call.say({"type": "voice.draining", "event_id": "e30", "seconds": 30})
        again = await server.call()
        assert not call.over.is_set()
        assert again.query["resume"] == "token_1"
        await speak(client, range(10, 15))
        await again.go_on(text("i", "on", "e31"), resend_from_ms=200)
        assert (await ear.hears(ReplyText)).text == "on"
        await again.until(lambda c: len(c.blocks) == 5)
        await call.connection.close(1012, "service restart")
        await again.say(text("i", " and on", "e32"))
        await ear.hears(ReplyText, 2)
        assert (call.blocks, again.blocks) == (list(range(10)), list(range(10, 15)))
        assert not [event for event in ear.heard if isinstance(event, ConnectionLost | ConnectionResumed)]


async def test_a_server_that_will_stop_is_kept_while_nobody_takes_over() -> None:
    async with resuming_server() as server, talking(server) as (client, ear, call):
        server.refusals = [(503, "server_overloaded")]
        await call.say({"type": "voice.draining", "event_id": "e30", "seconds": 30}, text("i", "still here", "e31"))
        await ear.hears(ReplyText)
        await speak(client, range(3))
        await call.until(lambda c: c.blocks == [0, 1, 2])
        await call.connection.close(1012, "service restart")
        await (await server.call()).go_on()
        await ear.hears(ConnectionResumed)
