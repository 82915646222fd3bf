"""The socket itself: who may open it, how it ends, and what it bears."""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError, web
from structlog.testing import capture_logs

from pipeline.events import Input, ItemAdded, ItemDone, Output, ReplyFinished, ReplyStarted
from pipeline.items import new_id
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from tests.voice_server.secrets_in_memory import SecretsInMemory
from tests.voice_server.wire.served import MANUAL, Served, served
from voice_server.auth import LOCAL, Authenticator, Principal
from voice_server.call import CLOSE_SECONDS
from voice_server.http.admission import Admission
from voice_server.wire.limits import MAX_MESSAGE_BYTES
from voice_server.wire.session_config import SessionConfig

KEY = "sk-test-1234567890"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
UPGRADE |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


async def until(is_true: Callable[[], bool]) -> None:
    """Let the server go on until it is so."""
    async with asyncio.timeout(20):
        while not is_true():  # noqa: ASYNC110 (what is waited for is the server's, which tells nobody)
            await asyncio.sleep(0)


def transport_of(client: ClientWebSocketResponse) -> asyncio.Transport:
    connection = client._response.connection
    assert connection is not None
    assert connection.transport is not None
    return connection.transport


def picture() -> dict[str, object]:
    """An item that comes back large."""
    image = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 600_000}
    return {"type": "message", "role": "user", "content": [image]}


async def refused(server: Served, path: str = "/v1/realtime", **headers: str) -> tuple[int, dict[str, Any]]:
    """Ask for an upgrade that is not given; tell the answer."""
    async with server.client.get(path, headers={**UPGRADE, **headers}) as answer:
        error = (await answer.json())["error"]
        assert set(error) == {"message", "type", "code", "param"}
        return answer.status, error


# --- the handshake ---


@pytest.mark.parametrize("path", ["/v1/realtime", "/realtime", "/v1/realtime?model=gpt-realtime&foo=1"])
async def test_paths(path: str) -> None:
    async with served() as server, server.talk(path) as talk:
        session = talk.messages[0]["session"]
        assert session["model"] == "tester"
        assert session["instructions"]
        assert session["id"].startswith("sess_")


async def test_keys() -> None:
    async with served(keys=[KEY]) as server:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Sec-WebSocket-Protocol": "realtime"}):
            status, error = await refused(server, **headers)
            assert (status, error["code"], error["type"]) == (401, "invalid_api_key", "invalid_request_error")
        async with server.talk(headers={"Authorization": f"Bearer {KEY}"}) as talk:
            assert talk.socket.protocol is None
        offered = ("realtime", f"openai-insecure-api-key.{KEY}", "openai-agents-sdk.0.20.0")
        async with server.talk(protocols=offered) as talk:
            assert talk.socket.protocol == "realtime"


async def test_a_key_among_subprotocols_is_neither_echoed_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with served(keys=[KEY]) as server:
        status, error = await refused(server, **{"Sec-WebSocket-Protocol": f"openai-insecure-api-key.{KEY}"})
    assert (status, error["code"]) == (400, "invalid_subprotocol")
    assert KEY not in caplog.text
    assert KEY not in json.dumps(error)


async def test_a_client_secret_brings_the_settings_that_the_session_begins_with() -> None:
    secrets = SecretsInMemory()
    authenticator = Authenticator([KEY], client_secrets=secrets)
    secret = await secrets.issue(LOCAL, 60, {"type": "realtime", "model": "other", "instructions": "From the secret."})
    async with served(authenticate=authenticator.authorize_session) as server:
        protocols = ("realtime", f"openai-insecure-api-key.{secret.value}")
        async with server.talk("/v1/realtime", protocols=protocols) as talk:
            assert talk.messages[0]["session"]["model"] == "other"
            assert talk.messages[0]["session"]["instructions"] == "From the secret."
            assert server.sessions[0].settings.instructions == "From the secret."
            assert (await talk.update(instructions="Later."))["session"]["instructions"] == "Later."
        plain = await secrets.issue(LOCAL, 60, {})
        async with server.talk(headers={"Authorization": f"Bearer {plain.value}"}) as talk:
            await talk.send("session.update", session={"type": "transcription"})
            assert (await talk.until("session.updated"))["session"]["type"] == "transcription"
        bad = await secrets.issue(LOCAL, 60, {"type": "realtime", "audio": {"output": {"speed": 99}}})
        status, error = await refused(server, Authorization=f"Bearer {bad.value}")
        assert (status, error["param"]) == (400, "session.audio.output.speed")


async def test_what_is_refused_before_the_upgrade() -> None:
    async with served() as server:
        status, error = await refused(server, **{"OpenAI-Beta": "realtime=v1"})
        assert (status, error["code"]) == (400, "beta_api_shape_disabled")
        status, _ = await refused(server, "/v1/realtime?call_id=rtc_1")
        assert status == 404
        async with server.client.get("/v1/realtime") as answer:
            assert answer.status == 426
        with pytest.raises(WSServerHandshakeError):
            await server.client.ws_connect("/v1/realtime?call_id=rtc_1")


async def test_a_full_server_says_so_and_has_room_again() -> None:
    admission = Admission(1)
    async with served(admit=admission.conversation) as server:
        async with server.talk():
            status, error = await refused(server)
            assert (status, error["code"]) == (503, "server_overloaded")
        await until(lambda: admission.count == 0)
        async with server.talk():
            pass


class Notes:
    """Notes all that it is shown."""

    def __init__(self) -> None:
        self.entered_events: list[Input] = []
        self.outputs: list[Output] = []
        self.close_codes: list[int] = []

    def entered(self, event: Input) -> None:
        self.entered_events.append(event)

    def left(self, output: Output) -> None:
        self.outputs.append(output)

    def ended(self, close_code: int) -> None:
        self.close_codes.append(close_code)


async def test_all_that_enters_and_leaves_is_observed_in_one_place() -> None:
    notes: dict[tuple[str, str], Notes] = {}

    def observe(config: SessionConfig) -> Notes:
        return notes.setdefault((config.session_id, config.model), Notes())

    async with served(observe=observe) as server:
        async with server.talk(path="/v1/realtime?model=other") as talk:
            await talk.ask("What time is it?")
            session_id = talk.messages[0]["session"]["id"]
        await until(lambda: bool(notes[session_id, "other"].close_codes))
    (noted,) = notes.values()
    assert [type(event).__name__ for event in noted.entered_events] == ["ItemCreated", "ReplyRequested"]
    assert [type(output) for output in noted.outputs[:3]] == [ItemAdded, ItemDone, ReplyStarted]
    assert isinstance(noted.outputs[-1], ReplyFinished)
    assert noted.close_codes == [1000]


@pytest.mark.parametrize(("query", "greets"), [("", True), ("?greeting=1", True), ("?greeting=0", False)])
async def test_a_client_may_do_without_a_greeting(query: str, greets: bool) -> None:
    async with served() as server, server.talk(f"/v1/realtime{query}"):
        assert server.greets == [greets]


# --- what it bears ---


async def test_every_error_of_the_conversation_names_the_request() -> None:
    async with served(voice=ScriptedTextToSpeech(seconds_per_character=0.5)) as server, server.talk() as talk:
        await talk.update(audio=MANUAL)
        await talk.type_text("Hello.", id="item_a")
        truncate: dict[str, object] = {"content_index": 0, "audio_end_ms": 1}
        text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
        await talk.send("response.create")
        await talk.until("response.output_audio.delta")
        requests: list[tuple[str, dict[str, object], str]] = [
            ("conversation.item.retrieve", {"item_id": "no"}, "item_retrieve_invalid_item_id"),
            ("conversation.item.delete", {"item_id": "no"}, "item_delete_invalid_item_id"),
            ("conversation.item.truncate", {"item_id": "no", **truncate}, "item_truncate_invalid_item_id"),
            ("conversation.item.truncate", {"item_id": "item_a", **truncate}, "invalid_value"),
            (
                "conversation.item.create",
                {"item": text, "previous_item_id": "no"},
                "item_create_invalid_previous_item_id",
            ),
            ("conversation.item.create", {"item": {**text, "id": "item_a"}}, "item_create_duplicate_item_id"),
            ("input_audio_buffer.commit", {}, "input_audio_buffer_commit_empty"),
            ("response.create", {}, "conversation_already_has_active_response"),
            ("response.cancel", {"response_id": "no"}, "response_cancel_not_active"),
            ("response.cancel", {}, ""),
            ("response.cancel", {}, "response_cancel_not_active"),
            ("nonsense", {}, "invalid_value"),
        ]
        for number, (kind, fields, code) in enumerate(requests):
            await talk.send(kind, event_id=f"request_{number}", **fields)
            if not code:
                await talk.until("response.done")
                continue
            error = await talk.error()
            assert (error["type"], error["code"], error["event_id"]) == (
                "invalid_request_error",
                code,
                f"request_{number}",
            )
            assert error["message"].startswith("Cancellation failed") == (code == "response_cancel_not_active")


async def test_errors_keep_their_place_among_the_answers() -> None:
    async with served() as server, server.talk() as talk:
        for number in range(3):
            await talk.send("session.update", session={"type": "realtime", "instructions": str(number)})
            await talk.send("nonsense", event_id=str(number))
        await talk.until("error")
        await talk.settle()
        told = [m["session"]["instructions"] if "session" in m else m["error"]["event_id"] for m in talk.messages[1:]]
        assert told == ["0", "0", "1", "1", "2", "2", "settle"]


async def test_bad_frames_end_nothing() -> None:
    async with served() as server, server.talk() as talk:
        for frame in ("", "null", "[" * 100_000, "{", '{"type":"response.create","response":NaN}', '{"event_id":5}'):
            await talk.socket.send_str(frame)
            assert (await talk.error())["event_id"] is None
        await talk.socket.send_bytes(b"\0" * 100)
        assert (await talk.error())["code"] == "invalid_json"
        assert (await talk.ask("Still there?"))["response"]["status"] == "completed"


async def test_large_frames() -> None:
    async with served() as server, server.talk() as talk:
        await talk.update(audio=MANUAL)
        # 15 MiB of audio are 20 MiB of base64; aiohttp alone would close at 4 MiB.
        await talk.send("input_audio_buffer.append", audio="AAAA" * (5 * 1024 * 1024))
        await talk.send("input_audio_buffer.append", audio="AAAA" * (5 * 1024 * 1024 + 1))
        assert (await talk.error())["code"] == "string_above_max_length"
        await talk.send("input_audio_buffer.commit")
        await talk.until("conversation.item.done")
        # The header of a masked text frame of one byte too many is enough to be refused.
        transport_of(talk.socket).write(b"\x81\xff" + (MAX_MESSAGE_BYTES + 1).to_bytes(8, "big") + bytes(4))
        assert await talk.closed() == 1009


async def test_many_connections_at_once_have_their_own_conversations() -> None:
    async with served(model=ScriptedLanguageModel()) as server:

        async def converse(words: str) -> str:
            async with server.talk() as talk:
                done = await talk.ask(words, output_modalities=["text"])
                text: str = done["response"]["output"][0]["content"][0]["text"]
                return text

        names = [new_id("name") for _ in range(20)]
        assert await asyncio.gather(*map(converse, names)) == [f"You said: {name}" for name in names]


# --- how it ends ---


async def test_the_client_leaves() -> None:
    async with served() as server:
        with capture_logs() as logs:
            async with server.talk():
                pass
            await until(lambda: len(logs) == 2)
        assert [entry["event"] for entry in logs] == ["session opened", "session closed"]


async def test_a_session_expires() -> None:
    async with served(session_seconds=0.2) as server, server.talk() as talk:
        error = await talk.error()
        assert (error["type"], error["code"]) == ("invalid_request_error", "session_expired")
        assert await talk.closed() == 1001


async def test_the_server_shuts_down() -> None:
    async with served() as server, server.talk() as talk:
        stopping = asyncio.create_task(server.voice_socket.shut_down(web.Application()))
        assert await talk.closed() == 1001
        await stopping


async def test_a_client_that_does_not_read_holds_up_no_shutdown() -> None:
    async with served() as server, server.client.ws_connect("/v1/realtime") as unread:
        transport = transport_of(unread)
        transport.pause_reading()
        request = json.dumps({"type": "conversation.item.create", "item": picture()})
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(1):
                for _ in range(40):
                    await unread.send_str(request)
        async with asyncio.timeout(5 * CLOSE_SECONDS):
            await server.voice_socket.shut_down(web.Application())
        transport.abort()


async def test_an_unforeseen_fault_is_told_and_logged_once() -> None:
    class BrokenModel(ScriptedLanguageModel):
        def complete(self, *_: object) -> Any:
            raise ZeroDivisionError("a fault nobody has foreseen")

    async with served(model=BrokenModel()) as server, server.talk() as talk:
        with capture_logs() as logs:
            await talk.type_text("A secret of the user.")
            await talk.send("response.create")
            error = await talk.error()
            assert (error["type"], error["code"]) == ("server_error", "internal_error")
            assert "nobody has foreseen" not in error["message"]
            assert await talk.closed() == 1011
        faults = [entry for entry in logs if entry["log_level"] == "error"]
        assert [fault["event"] for fault in faults] == ["session failed"]
        assert faults[0]["session"] == talk.messages[0]["session"]["id"]
        assert "A secret of the user" not in str(logs)


async def test_a_client_that_does_not_read_is_put_out() -> None:
    async with served(send_seconds=0.3) as server, server.client.ws_connect("/v1/realtime") as unread:
        transport = transport_of(unread)
        transport.pause_reading()
        with capture_logs() as logs, suppress(ConnectionError):
            for _ in range(40):
                await unread.send_str(json.dumps({"type": "conversation.item.create", "item": picture()}))
            await until(lambda: any(entry["event"] == "session closed" for entry in logs))
        assert [entry["close_code"] for entry in logs if entry["event"] == "session closed"] == [1008]
        transport.abort()


async def test_frames_are_not_held_back_to_be_sent_together() -> None:
    options: list[int] = []

    async def authenticate(request: web.Request) -> Principal:
        assert request.transport is not None
        connection = request.transport.get_extra_info("socket")
        options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return LOCAL

    async with served(authenticate=authenticate) as server, server.talk():
        pass
    assert options
    assert options[0] != 0
