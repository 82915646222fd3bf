"""The routes of customers and of what is remembered of them."""

from pydantic import BaseModel

from voice_server.memory.bodies import CorrectionBody
from voice_server.openapi.answers import Schema
from voice_server.openapi.operations import answer, json_body, operation, path_parameter, query, ref

BODIES: tuple[type[BaseModel], ...] = (CorrectionBody,)

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_ID: Schema = {"type": "string", "format": "uuid"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_WHOLE: Schema = {"type": "integer"}
_ENTRY: Schema = {
    "id": _ID,
    "created_at": _TIME,
    "last_seen_at": _TIME,
    "identities": {"type": "array", "items": ref("CustomerIdentity")},
}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


SCHEMAS: dict[str, Schema] = {
    "CustomerIdentity": _object({"kind": {"type": "string", "enum": ["account", "phone", "subject"]}, "value": _TEXT}),
    "CustomerEntry": _object(_ENTRY),
    "CustomerList": _object({"customers": {"type": "array", "items": ref("CustomerEntry")}, "next": _TEXT_OR_NULL}),
    "Customer": _object(
        {
            **_ENTRY,
            "merged_ids": {"type": "array", "items": _ID},
            "conversations": _WHOLE,
            "memories": _WHOLE,
        }
    ),
    "Memory": _object(
        {
            "id": _ID,
            "topic": _TEXT,
            "value": _TEXT,
            "confidence": {"type": "number"},
            "source": {"type": "string", "enum": ["said", "inferred", "customer", "staff", "booking"]},
            "conversation_id": _TEXT_OR_NULL,
            "item_id": _TEXT_OR_NULL,
            "learned_at": _TIME,
            "replaced_by": {"type": ["string", "null"], "format": "uuid"},
            "replaced_at": {"type": ["string", "null"], "format": "date-time"},
        }
    ),
    "MemoryList": _object({"memories": {"type": "array", "items": ref("Memory")}, "next": _TEXT_OR_NULL}),
}
_LIMIT = query("limit", "How many at most, up to 500; 100 if it is left out.")
_HISTORY = query("history", "`true`: also what was replaced, the newest first.")
_CUSTOMER = path_parameter("customer_id", "The customer's; one from before a merge does as well.")
_AFTER = query("after", "The `next` of the page before.")
_MEMORY = path_parameter("memory_id", "The memory's.")
_NOTHING: Schema = {"description": "It is done."}


def paths() -> Schema:
    """All of them."""
    return {
        "/api/v1/customers": {
            "get": operation(
                "List customers",
                "Whoever spoke last first. For the tenant's staff.",
                parameters=[_AFTER, _LIMIT],
                ok=answer("A page of them.", ref("CustomerList")),
                errors=(400, 401, 403, 503),
            )
        },
        "/api/v1/customers/{customer_id}": {
            "get": operation(
                "Show a customer",
                "By what they are recognised, and how much is kept of them. Noted in the audit log. For staff.",
                parameters=[_CUSTOMER],
                ok=answer("The customer.", ref("Customer")),
                errors=(401, 403, 404, 503),
            )
        },
        "/api/v1/customers/{customer_id}/memories": {
            "get": _list("What is remembered of a customer", "Noted in the audit log. For staff.", _CUSTOMER)
        },
        "/api/v1/customers/{customer_id}/memories/{memory_id}": {
            "patch": _correct("For staff.", _CUSTOMER),
            "delete": _forget("For staff.", _CUSTOMER),
        },
        "/api/v1/users/me/memories": {"get": _list("What is remembered of me", "For people who are logged in.")},
        "/api/v1/users/me/memories/{memory_id}": {
            "patch": _correct("For the person whom it is about."),
            "delete": _forget("For the person whom it is about."),
        },
    }


def _list(summary: str, whom: str, *parameters: Schema) -> Schema:
    return operation(
        summary,
        f"With the conversation it comes from, how sure it is and since when; what matters most first. {whom}",
        parameters=[*parameters, _HISTORY, _AFTER, _LIMIT],
        ok=answer("A page of them.", ref("MemoryList")),
        errors=(400, 401, 403, 404, 503) if parameters else (400, 401, 403, 503),
    )


def _correct(whom: str, *parameters: Schema) -> Schema:
    return operation(
        "Set a memory right",
        f"The new value counts more than what is said or guessed later; the old one stays as history. {whom}",
        parameters=[*parameters, _MEMORY],
        body=json_body(ref("CorrectionBody")),
        ok=answer("What stands in its place.", ref("Memory")),
        errors=(400, 401, 403, 404, 409, 503),
    )


def _forget(whom: str, *parameters: Schema) -> Schema:
    return operation(
        "Delete a memory",
        f"With all that it has replaced. {whom}",
        parameters=[*parameters, _MEMORY],
        ok=_NOTHING,
        status=204,
        errors=(401, 403, 404, 503),
    )
