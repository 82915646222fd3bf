"""Whatever a client sends: the decoder answers with inputs or with its own errors, and the session lives on."""

import asyncio
import json
from typing import Any

from aiohttp import ClientWebSocketResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import RequestError
from pipeline.events import RequestFailed, SettingsApplied, SettingsChanged
from tests.voice_server.wire.golden import CLIENT
from tests.voice_server.wire.served import served
from tests.voice_server.wire.server_messages import check_message
from tests.voice_server.wire.story import new_config
from voice_server.wire.connection import Connection, Frame

GOLDEN = [json.loads(path.read_text())["message"] for path in CLIENT]
KEYS = sorted({key for message in GOLDEN for key in [*message, *message.get("session", {}), *message.get("item", {})]})

# Python's text strategy gives halves of surrogate pairs only when asked to.
any_text = st.text(st.characters(exclude_categories=()), max_size=40)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | any_text
    | st.sampled_from(["root", "none", "auto", "inf", "audio", "server_vad", "function", "message", "user", "AAAA"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | any_text, inner, max_size=5),
    max_leaves=20,
)
nested = st.builds(
    lambda bracket, depth: f'{{"type":"response.create","response":{bracket * depth}',
    st.sampled_from(["[", '{"a":']),
    st.integers(1, 5000),
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A golden message in which some field, at any depth, is something else, or is missing."""
    message = json.loads(json.dumps(draw(st.sampled_from(GOLDEN))))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = message
        while True:
            keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.booleans()):
                place[key] = draw(values)
            else:
                del place[key]
            break
    return json.dumps(message, ensure_ascii=draw(st.booleans()))


texts = (
    mutated()
    | st.sampled_from(GOLDEN).map(json.dumps)
    | values.map(json.dumps)
    | st.dictionaries(st.sampled_from(KEYS), values).map(json.dumps)
    | any_text
    | nested
)
frames: st.SearchStrategy[Frame] = texts | st.binary(max_size=200)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(frames, min_size=1, max_size=8), st.booleans())
def test_the_decoder_raises_nothing(sent: list[Frame], with_extensions: bool) -> None:
    connection = Connection(new_config(), with_extensions=with_extensions)
    for frame in sent:
        for event in connection.receive(frame):
            if isinstance(event, RequestFailed):
                assert isinstance(event.error, RequestError)
            elif not isinstance(event, SettingsChanged):
                continue
            output = SettingsApplied(event.settings) if isinstance(event, SettingsChanged) else event
            for answer in connection.send(output):
                assert isinstance(answer, str)
                message = json.loads(answer)
                assert len(answer) < 1024 * 1024
                answer.encode()
                if message["type"] == "error":
                    check_message(message)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(frames, min_size=20, max_size=60))
def test_a_session_answers_after_whatever_came(sent: list[Frame]) -> None:
    asyncio.run(_converse_after(sent))


async def _converse_after(sent: list[Frame]) -> None:
    async with served() as server, server.client.ws_connect("/v1/realtime?extensions=1") as socket:
        for frame in sent:
            await _send(socket, frame)
        # Whatever runs is stopped; a session that was made one of transcription only hears on.
        await socket.send_str('{"type":"response.cancel"}')
        update = {"type": "realtime", "output_modalities": ["text"], "max_output_tokens": "inf", "tool_choice": "auto"}
        await socket.send_str(json.dumps({"type": "session.update", "event_id": "fuzz_update", "session": update}))
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Still there?"}]}
        await socket.send_str(json.dumps({"type": "conversation.item.create", "item": item}))
        request = {"conversation": "none", "metadata": {"last": "yes"}}
        await socket.send_str(json.dumps({"type": "response.create", "event_id": "fuzz_last", "response": request}))
        hears_only = False
        while True:
            received = await socket.receive(timeout=20)
            if isinstance(received.data, bytes):
                continue
            assert isinstance(received.data, str), f"closed with {socket.close_code}"
            message = json.loads(received.data)
            error = message.get("error", {})
            hears_only = hears_only or error.get("event_id") == "fuzz_update"
            if hears_only and error.get("event_id") == "fuzz_last":
                return
            response = message.get("response", {})
            if message["type"] == "response.done" and (response["metadata"] or {}).get("last"):
                assert response["status"] == "completed"
                return


async def _send(socket: ClientWebSocketResponse, frame: Frame) -> None:
    if isinstance(frame, bytes):
        await socket.send_bytes(frame)
    else:
        # What is not UTF-8 ends a WebSocket by its own rules, before any of ours.
        await socket.send_str(frame.encode("utf-8", "replace").decode())
