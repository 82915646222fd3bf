"""The JSON that the API answers with, as JSON Schema."""

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}


def _object(required: Schema, optional: Schema | None = None) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


SCHEMAS: dict[str, Schema] = {
    "Error": _object(
        {"error": _object({"message": _TEXT, "type": _TEXT, "code": _TEXT_OR_NULL, "param": _TEXT_OR_NULL})}
    ),
    "Health": _object({"status": _TEXT}, {"reason": _TEXT, "conversations": _WHOLE}),
    "About": _object(
        {
            "version": _TEXT,
            "assistants": {
                "type": "array",
                "items": _object({"name": _TEXT, "title": _TEXT, "description": _TEXT, "examples": _TEXTS}),
            },
            "providers": _object({"stt": _TEXTS, "llm": _TEXTS, "tts": _TEXTS}),
            "embedded": {"type": "boolean"},
            "notices": _TEXTS,
            "authentication": {"enum": ["none", "key"]},
            "languages": _TEXTS,
        }
    ),
    "Model": _object({"id": _TEXT, "object": {"const": "model"}, "created": _WHOLE, "owned_by": _TEXT}),
    "ModelList": _object(
        {"object": {"const": "list"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}}
    ),
    "ClientSecret": _object({"value": _TEXT, "expires_at": _WHOLE, "session": {"type": "object"}}),
    "Transcription": _object(
        {"text": _TEXT},
        {
            "task": _TEXT,
            "language": _TEXT,
            "duration": {"type": "number"},
            "segments": {"type": "array", "items": {"type": "object"}},
            "usage": {"type": "object"},
        },
    ),
    "ChatCompletion": _object(
        {
            "id": _TEXT,
            "object": {"const": "chat.completion"},
            "created": _WHOLE,
            "model": _TEXT,
            "choices": {
                "type": "array",
                "items": _object(
                    {
                        "index": _WHOLE,
                        "finish_reason": _TEXT,
                        "message": _object(
                            {"role": {"const": "assistant"}, "content": _TEXT_OR_NULL},
                            {"tool_calls": {"type": "array", "items": {"type": "object"}}},
                        ),
                    }
                ),
            },
            "usage": _object({"prompt_tokens": _WHOLE, "completion_tokens": _WHOLE, "total_tokens": _WHOLE}),
        }
    ),
}
