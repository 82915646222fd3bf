"""The routes of history."""

from voice_server.openapi.answers import Schema
from voice_server.openapi.operations import answer, operation, path_parameter, query, ref

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_WHOLE: Schema = {"type": "integer"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_SUMMARY: Schema = {
    "id": _TEXT,
    "assistant": _TEXT,
    "channel": _TEXT,
    "language": _TEXT_OR_NULL,
    "customer": {"type": ["string", "null"], "format": "uuid"},
    "began_at": _TIME,
    "changed_at": _TIME,
    "ended_at": _TIME_OR_NULL,
    "count": _WHOLE,
    "opening": _TEXT_OR_NULL,
}


def _object(required: Schema, optional: Schema | None = None) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


_PASSAGE: Schema = _list_of(_object({"text": _TEXT, "found": {"type": "boolean"}}))
SCHEMAS: dict[str, Schema] = {
    "Conversation": _object(
        _SUMMARY,
        {"matches": _list_of(_object({"item_id": _TEXT, "role": _TEXT, "passage": _PASSAGE}))},
    ),
    "ConversationList": _object({"data": _list_of(ref("Conversation")), "next": _TEXT_OR_NULL}),
    "ConversationItem": _object(
        {
            "id": _TEXT,
            "position": _WHOLE,
            "role": _TEXT,
            "text": _TEXT,
            "status": _TEXT,
            "said_at": _TIME,
            "timings": {"type": ["object", "null"]},
            "unheard": _TEXT_OR_NULL,
        }
    ),
    "ConversationRead": _object(
        {**_SUMMARY, "items": _list_of(ref("ConversationItem")), "next": {"type": ["integer", "null"]}}
    ),
}

PATHS: Schema = {
    "/api/v1/conversations": {
        "get": operation(
            "List and search conversations",
            "The newest first: those of the key or account that asks; staff see all of their tenant. With `q`, those "
            "in which it was said, with the passages in pieces, of which those that were found are marked. `opening`: "
            "with what the person began, at most 200 characters.",
            parameters=[
                query("q", 'What was said, as for a search engine: `"a table" or booking -cancelled`.'),
                query("of", "`person`: one's own only, also for staff; `tenant`, if it is left out."),
                query("assistant", "Who answered."),
                query("customer", "The id of the customer who spoke."),
                query("began_after", "A time such as 2026-01-31T12:00:00Z."),
                query("began_before", "As above."),
                query("limit", "From 1 to 100; 20 if it is left out."),
                query("after", "The `next` of the page before."),
            ],
            ok=answer("A page.", ref("ConversationList")),
            errors=(400, 401, 403, 503),
        )
    },
    "/api/v1/conversations/{conversation_id}": {
        "get": operation(
            "Read a conversation",
            "Its items in order: what was heard of each, and `unheard` what was not because somebody spoke, when it "
            "was said, and how long its answer took, as `voice.turn` tells it.",
            parameters=[
                path_parameter("conversation_id", "`conv_…`"),
                query("limit", "Items, from 1 to 1,000."),
                query("after", "The `next` of the page before."),
            ],
            ok=answer("The conversation.", ref("ConversationRead")),
            errors=(400, 401, 403, 404, 503),
        ),
        "delete": operation(
            "Delete a conversation",
            "For good: its log, its items and its recordings. One that is being held goes on without being kept.",
            parameters=[path_parameter("conversation_id", "`conv_…`")],
            ok={"description": "It is gone."},
            status=204,
            errors=(401, 403, 404, 503),
        ),
    },
}
