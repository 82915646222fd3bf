"""The API in OpenAPI 3.1, by hand where it is prose and from the request models where they already say it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from voice_server import __version__
from voice_server.audio_files import CONTENT_TYPES
from voice_server.openai_api.chat_messages import ChatBody
from voice_server.openai_api.client_secrets import ClientSecretBody
from voice_server.openai_api.speech import SpeechBody
from voice_server.openai_api.transcriptions import TranscriptionForm
from voice_server.openapi import answers
from voice_server.openapi.answers import Schema
from voice_server.voice_chat import VoiceChatAnswer, VoiceChatForm

_BODIES: tuple[type[BaseModel], ...] = (
    ChatBody,
    ClientSecretBody,
    SpeechBody,
    TranscriptionForm,
    VoiceChatForm,
    VoiceChatAnswer,
)
_INTRODUCTION = """\
A voice conversation is a WebSocket at `/v1/realtime`; everything else is beside it. Paths under `/v1` are those of
OpenAI's API, so that its client libraries work with another base URL. Errors are `{"error": {message, type, code,
param}}` everywhere. Every answer carries `X-Request-Id`, which the server's log names too."""


def describe() -> Schema:
    """The whole description."""
    _, schemas = models_json_schema(
        [(body, "validation") for body in _BODIES], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "voice-server", "version": __version__, "description": _INTRODUCTION},
        "security": [{"key": []}, {}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "One of API_KEYS."}},
            "schemas": {**schemas["$defs"], **answers.SCHEMAS},
            "responses": {"Error": _answer("What is wrong, and what to do.", _ref("Error"))},
        },
    }


def _paths() -> Schema:
    return {
        "/v1/realtime": {"get": _realtime()},
        "/realtime": {"get": _realtime(alias=True)},
        "/v1/realtime/client_secrets": {
            "post": _operation(
                "Make a key for a browser",
                "The `ek_…` value opens sessions until it expires, and each begins with the given session object.",
                body=_json(_ref("ClientSecretBody"), required=False),
                ok=_answer("The secret.", _ref("ClientSecret")),
                errors=(400, 401, 429),
            )
        },
        "/v1/models": {
            "get": _operation("List models", "Assistants and aliases.", ok=_answer("All.", _ref("ModelList")))
        },
        "/v1/models/{model}": {
            "get": _operation(
                "Show a model",
                "An assistant or an alias.",
                parameters=[_path_parameter("model", "Its name.")],
                ok=_answer("The model.", _ref("Model")),
                errors=(401, 404),
            )
        },
        "/v1/audio/speech": {"post": _speech()},
        "/v1/audio/transcriptions": {"post": _transcription()},
        "/v1/chat/completions": {"post": _chat_completion()},
        "/api/v1/voice/chat": {"post": _voice_chat()},
        "/api/v1/voice/audio/{recording_id}": {"get": _recording()},
        "/api/v1/about": {
            "get": _operation("What runs here", "No key needed.", ok=_answer("It.", _ref("About")), errors=())
        },
        "/health": {
            "get": _operation(
                "Alive", "No key needed. `overloaded` is alive, too.", ok=_answer("Yes.", _ref("Health")), errors=()
            )
        },
        "/metrics": {
            "get": _operation(
                "Metrics for Prometheus",
                "METRICS_TOKEN opens it, and so do API_KEYS; where neither is set, no key is needed.",
                ok={
                    "description": "All of them.",
                    "content": {
                        "text/plain": {"schema": {"type": "string"}},
                        "application/openmetrics-text": {"schema": {"type": "string"}},
                    },
                },
            )
        },
        "/ready": {
            "get": _operation(
                "Ready for a conversation",
                "No key needed. 503, with the reason, while starting, stopping, full or overloaded.",
                ok=_answer("Yes.", _ref("Health")),
                errors=(),
                others={"503": _answer("Not now.", _ref("Health"))},
            )
        },
    }


def _realtime(*, alias: bool = False) -> Schema:
    return _operation(
        "Hold a conversation (WebSocket)" + (", for clients that leave out `/v1`" if alias else ""),
        "OpenAI Realtime, GA names, as JSON text frames. Besides the header, the key may come in the subprotocol "
        "`openai-insecure-api-key.KEY`, offered together with `realtime`; `ek_` secrets do as well. With "
        "`extensions=1` audio travels in binary frames, and there are messages `voice.playback`, `voice.turn` and "
        "`voice.interrupted`.",
        parameters=[
            _query("model", "An assistant; unknown names mean the default one."),
            _query("intent", "`transcription` for a session that only listens."),
            _query("extensions", "`1` switches the extensions on."),
            _query("greeting", "`0`: the assistant waits to be spoken to, even if it has a greeting."),
        ],
        errors=(400, 401, 403, 404, 426, 503),
        others={"101": {"description": "The conversation begins."}},
    )


def _speech() -> Schema:
    audio = {content_type: {"schema": {"type": "string"}} for content_type in CONTENT_TYPES.values()}
    return _operation(
        "Say a text",
        "The audio is sent while it is being spoken. `pcm` is int16 mono at 24 kHz. With `stream_format: sse` it comes "
        "in events `speech.audio.delta` and `speech.audio.done`.",
        body=_json(_ref("SpeechBody")),
        ok={"description": "The speech.", "content": {**audio, "text/event-stream": {"schema": {"type": "string"}}}},
        errors=(400, 401, 502, 504),
    )


def _transcription() -> Schema:
    text = {"schema": {"type": "string"}}
    return _operation(
        "Write down a recording",
        "WAV, MP3, FLAC, Ogg, WebM or MP4. With `stream=true`, events `transcript.text.delta` and "
        "`transcript.text.done`.",
        body=_form("file", _ref("TranscriptionForm")),
        ok={
            "description": "The text, in the format that was asked for.",
            "content": {
                "application/json": {"schema": _ref("Transcription")},
                "text/plain": text,
                "text/vtt": text,
                "application/x-subrip": text,
                "text/event-stream": text,
            },
        },
        errors=(400, 401, 413, 415, 502, 504),
    )


def _chat_completion() -> Schema:
    return _operation(
        "Write the next message",
        "The assistant named by `model` answers in writing. Its instructions come first unless there is a system "
        "message. Functions are called by the client. Fields that are not listed are ignored.",
        body=_json(_ref("ChatBody")),
        ok={
            "description": "The message, or its pieces as events that end with `[DONE]`.",
            "content": {
                "application/json": {"schema": _ref("ChatCompletion")},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        },
        errors=(400, 401, 502, 504),
    )


def _voice_chat() -> Schema:
    return _operation(
        "One spoken turn as one request",
        "Answers a recording with speech. Conversations are kept for an hour after their last turn, in memory; only "
        "the key that began one may go on with it. Requests of one conversation are answered one after the other.",
        body=_form("audio", _ref("VoiceChatForm")),
        ok=_answer("What was said on both sides.", _ref("VoiceChatAnswer")),
        errors=(400, 401, 404, 413, 415, 422, 502, 503, 504),
    )


def _recording() -> Schema:
    return _operation(
        "The spoken answer of a turn",
        "No key needed: the id cannot be guessed. Kept for an hour.",
        parameters=[_path_parameter("recording_id", "The last part of `audio_url`.")],
        ok={"description": "MP3.", "content": {"audio/mpeg": {"schema": {"type": "string"}}}},
        errors=(404,),
    )


def _operation(
    summary: str,
    description: str,
    *,
    ok: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    parameters: list[Schema] | None = None,
    errors: tuple[int, ...] = (401,),
    others: Mapping[str, Any] | None = None,
) -> Schema:
    operation: Schema = {"summary": summary, "description": description}
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = dict(body)
    refused = {str(status): {"$ref": "#/components/responses/Error"} for status in errors}
    answered = {"200": dict(ok)} if ok else {}
    operation["responses"] = {**answered, **(others or {}), **refused}
    if 401 not in errors:
        operation["security"] = []
    return operation


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _json(schema: Schema, *, required: bool = True) -> Schema:
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _form(file: str, fields: Schema) -> Schema:
    recording = {"type": "object", "required": [file], "properties": {file: {"type": "string", "format": "binary"}}}
    return {"required": True, "content": {"multipart/form-data": {"schema": {"allOf": [recording, fields]}}}}


def _path_parameter(name: str, description: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def _query(name: str, description: str) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string"}}
