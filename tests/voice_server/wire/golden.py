"""The golden messages in `tests/golden`, shared with the TypeScript client.

`client/NAME.json` holds a `message` and the `inputs` that the decoder makes of it; `server/NAME.json` holds the first
message of its kind in the story. After a wanted change: `python -m tests.voice_server.wire.golden` writes the server's
anew, to be read before they are committed.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from pipeline.events import RequestFailed
from pipeline.settings import SessionSettings
from tests.voice_server.wire.story import CONVERSATION, SETTINGS, new_connection
from voice_server.wire import extensions
from voice_server.wire.connection import Connection, Frame
from voice_server.wire.json_text import Json

GOLDEN = Path(__file__).parents[2] / "golden"
CLIENT = sorted((GOLDEN / "client").glob("*.json"))
SERVER = sorted((GOLDEN / "server").glob("*.json"))


def story_frames(*, with_extensions: bool = True) -> list[Frame]:
    """Everything that the server sends in the story."""
    connection = new_connection(with_extensions=with_extensions)
    return [connection.greeting(), *(frame for output in CONVERSATION for frame in connection.send(output))]


def server_messages() -> dict[str, Json]:
    """The first message of each type, and of each kind of item in it."""
    named: dict[str, Json] = {}
    for with_extensions in (True, False):
        for frame in story_frames(with_extensions=with_extensions):
            if isinstance(frame, str):
                message = json.loads(frame)
                named.setdefault(_name(message), message)
    return named | {str(message["type"]): message for message in _about_connections()}


def _about_connections() -> list[Json]:
    """Messages that are no part of a conversation: their ids are by chance, but here."""
    resumed = extensions.resumed_message(
        "sess_golden", "conv_golden", connection=2, after=41, replayed=3, resend_from_seconds=15.22
    )
    told = [extensions.resume_message("rs_golden", 120.0), resumed, extensions.draining_message(15.0)]
    return [{"type": each["type"], "event_id": f"event_golden_{at}", **each} for at, each in enumerate(told, 1)]


def decoded(connection: Connection, message: Json) -> list[Json]:
    """What the decoder makes of a message, as JSON."""
    return [_as_json(event) for event in connection.receive(json.dumps(message))]


def _name(message: Json) -> str:
    kind = str(message["type"])
    item, response, part = message.get("item"), message.get("response"), message.get("part")
    if isinstance(item, dict):
        return f"{kind}.{item.get('role', item['type'])}"
    if isinstance(response, dict) and kind == "response.done":
        return f"{kind}.{response['status']}"
    return f"{kind}.{part['type']}" if isinstance(part, dict) else kind


def _as_json(event: object) -> Json:
    if isinstance(event, RequestFailed):
        failure = {"code": event.error.code, "param": event.error.param, "request_id": event.request_id}
        return {"kind": "RequestFailed", **failure}
    fields = _plain(event)
    assert isinstance(fields, dict)
    return {"kind": type(event).__name__, **fields}


def _plain(value: object) -> object:
    """Samples are told by their number, settings by what differs from the session's first ones."""
    if isinstance(value, np.ndarray):
        return f"{len(value)} samples"
    if isinstance(value, SessionSettings):
        names = [field.name for field in dataclasses.fields(value)]
        return {n: _plain(getattr(value, n)) for n in names if getattr(value, n) != getattr(SETTINGS, n)}
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(element) for element in value]
    return value


def write_server_files() -> None:
    for path in SERVER:
        path.unlink()
    for name, message in server_messages().items():
        text = json.dumps(message, indent=2, ensure_ascii=False)
        (GOLDEN / "server" / f"{name}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    write_server_files()
