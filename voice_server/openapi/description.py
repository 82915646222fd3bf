"""The API in OpenAPI 3.1, by hand where it is prose and from the request models where they already say it."""

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from voice_server import __version__
from voice_server.audio_files import CONTENT_TYPES
from voice_server.openai_api.chat_messages import ChatBody
from voice_server.openai_api.client_secrets import ClientSecretBody
from voice_server.openai_api.speech import SpeechBody
from voice_server.openai_api.transcriptions import TranscriptionForm
from voice_server.openapi import accounts, answers, conversations, customers, privacy, tenants
from voice_server.openapi.answers import Schema
from voice_server.openapi.operations import answer, form, json_body, operation, path_parameter, query, ref
from voice_server.voice_chat import VoiceChatAnswer, VoiceChatForm

EVENTS = {
    "schema": {
        "type": "object",
        "description": "Server-sent events.",
        "properties": {"data": {"type": "string"}, "event": {"type": "string"}},
    }
}
"""What a stream of events is made of: the data of each is JSON, but for the last `[DONE]` of OpenAI's."""

_BODIES: tuple[type[BaseModel], ...] = (
    ChatBody,
    ClientSecretBody,
    SpeechBody,
    TranscriptionForm,
    VoiceChatForm,
    VoiceChatAnswer,
    *accounts.BODIES,
    *customers.BODIES,
    *privacy.BODIES,
    *tenants.BODIES,
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
        "paths": {
            **_paths(),
            **accounts.paths(),
            **tenants.paths(),
            **conversations.PATHS,
            **customers.paths(),
            **privacy.paths(),
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "See docs/protocol.md."}},
            "schemas": {
                **schemas["$defs"],
                **answers.SCHEMAS,
                **accounts.SCHEMAS,
                **conversations.SCHEMAS,
                **customers.SCHEMAS,
                **privacy.SCHEMAS,
                **tenants.SCHEMAS,
            },
            "responses": {"Error": answer("What is wrong, and what to do.", ref("Error"))},
        },
    }


def _paths() -> Schema:
    return {
        "/v1/realtime": {"get": _realtime()},
        "/realtime": {"get": _realtime(alias=True)},
        "/v1/realtime/client_secrets": {
            "post": operation(
                "Make a key for a browser",
                "The `ek_…` value opens sessions until it expires, and each begins with the given session object.",
                body=json_body(ref("ClientSecretBody"), required=False),
                ok=answer("The secret.", ref("ClientSecret")),
                errors=(400, 401, 429),
            )
        },
        "/v1/models": {"get": operation("List models", "Assistants and aliases.", ok=answer("All.", ref("ModelList")))},
        "/v1/models/{model}": {
            "get": operation(
                "Show a model",
                "An assistant or an alias.",
                parameters=[path_parameter("model", "Its name.")],
                ok=answer("The model.", ref("Model")),
                errors=(401, 404),
            )
        },
        "/v1/audio/speech": {"post": _speech()},
        "/v1/audio/transcriptions": {"post": _transcription()},
        "/v1/chat/completions": {"post": _chat_completion()},
        "/api/v1/voice/chat": {"post": _voice_chat()},
        "/api/v1/objects/{token}": {"get": _object()},
        "/api/v1/about": {
            "get": operation("What runs here", "No key needed.", ok=answer("It.", ref("About")), errors=())
        },
        "/health": {
            "get": operation(
                "Alive", "No key needed. `overloaded` is alive, too.", ok=answer("Yes.", ref("Health")), errors=()
            )
        },
        "/metrics": {
            "get": operation(
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
            "get": operation(
                "Ready for a conversation",
                "No key needed. 503, with the reason, while starting, stopping, full or overloaded.",
                ok=answer("Yes.", ref("Health")),
                errors=(),
                others={"503": answer("Not now.", ref("Health"))},
            )
        },
    }


def _realtime(*, alias: bool = False) -> Schema:
    return operation(
        "Hold a conversation (WebSocket)" + (", for clients that leave out `/v1`" if alias else ""),
        "OpenAI Realtime, GA names, as JSON text frames. Besides the header, the key may come in the subprotocol "
        "`openai-insecure-api-key.KEY`, offered together with `realtime`; `ek_` secrets do as well. With "
        "`extensions=1` audio travels in binary frames, and there are messages `voice.playback`, `voice.turn` and "
        "`voice.interrupted`.",
        parameters=[
            query("model", "An assistant; unknown names mean the default one."),
            query("intent", "`transcription` for a session that only listens."),
            query("extensions", "`1` switches the extensions on."),
            query("customer_token", "A token of the tenant's own site; or the header X-Customer-Token."),
            query("greeting", "`0`: the assistant waits to be spoken to, even if it has a greeting."),
        ],
        errors=(400, 401, 403, 404, 426, 503),
        others={"101": {"description": "The conversation begins."}},
    )


def _speech() -> Schema:
    audio = {content_type: {"schema": {"type": "string"}} for content_type in CONTENT_TYPES.values()}
    return operation(
        "Say a text",
        "The audio is sent while it is being spoken. `pcm` is int16 mono at 24 kHz. With `stream_format: sse` it comes "
        "in events `speech.audio.delta` and `speech.audio.done`.",
        body=json_body(ref("SpeechBody")),
        ok={"description": "The speech.", "content": {**audio, "text/event-stream": EVENTS}},
        errors=(400, 401, 502, 504),
    )


def _transcription() -> Schema:
    text = {"schema": {"type": "string"}}
    return operation(
        "Write down a recording",
        "WAV, MP3, FLAC, Ogg, WebM or MP4. With `stream=true`, events `transcript.text.delta` and "
        "`transcript.text.done`.",
        body=form("file", ref("TranscriptionForm")),
        ok={
            "description": "The text, in the format that was asked for.",
            "content": {
                "application/json": {"schema": ref("Transcription")},
                "text/plain": text,
                "text/vtt": text,
                "application/x-subrip": text,
                "text/event-stream": EVENTS,
            },
        },
        errors=(400, 401, 413, 415, 502, 504),
    )


def _chat_completion() -> Schema:
    return operation(
        "Write the next message",
        "The assistant named by `model` answers in writing. Its instructions come first unless there is a system "
        "message. Functions are called by the client. Fields that are not listed are ignored.",
        body=json_body(ref("ChatBody")),
        ok={
            "description": "The message, or its pieces as events that end with `[DONE]`.",
            "content": {
                "application/json": {"schema": ref("ChatCompletion")},
                "text/event-stream": EVENTS,
            },
        },
        errors=(400, 401, 502, 504),
    )


def _voice_chat() -> Schema:
    return operation(
        "One spoken turn as one request",
        "Answers a recording with speech. Only who began a conversation may go on with it, and finds it in "
        "`/api/v1/conversations`. Requests of one conversation are answered one after the other.",
        body=form("audio", ref("VoiceChatForm")),
        ok=answer("What was said on both sides.", ref("VoiceChatAnswer")),
        errors=(400, 401, 404, 413, 415, 422, 502, 503, 504),
    )


def _object() -> Schema:
    return operation(
        "Download what a link leads to",
        "No key needed: links are signed, and end. `Range` is answered with a part.",
        parameters=[path_parameter("token", "The last part of the link.")],
        ok={"description": "The object.", "content": {"application/octet-stream": {"schema": {"type": "string"}}}},
        errors=(404, 410, 416, 503),
        others={"206": {"description": "The part that was asked for."}},
    )
