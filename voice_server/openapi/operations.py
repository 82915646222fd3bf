"""Operations of the description, and what they are made of."""

from collections.abc import Mapping
from typing import Any

from voice_server.openapi.answers import Schema


def operation(
    summary: str,
    description: str,
    *,
    ok: Mapping[str, Any] | None = None,
    status: int = 200,
    body: Mapping[str, Any] | None = None,
    parameters: list[Schema] | None = None,
    errors: tuple[int, ...] = (401,),
    others: Mapping[str, Any] | None = None,
) -> Schema:
    """One operation. `ok`: its answer, which has `status`; `errors`: those that are answered as errors are.

    Without 401 among the `errors` it needs no key.
    """
    described: Schema = {"summary": summary, "description": description}
    if parameters:
        described["parameters"] = parameters
    if body:
        described["requestBody"] = dict(body)
    refused = {str(error): {"$ref": "#/components/responses/Error"} for error in errors}
    answered = {str(status): dict(ok)} if ok else {}
    described["responses"] = {**answered, **(others or {}), **refused}
    if 401 not in errors:
        described["security"] = []
    return described


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(description: str, schema: Schema) -> Schema:
    """An answer as JSON."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def json_body(schema: Schema, *, required: bool = True) -> Schema:
    """A body as JSON."""
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def form(file: str, fields: Schema) -> Schema:
    """A form with a recording in the field `file`, and other fields."""
    recording = {"type": "object", "required": [file], "properties": {file: {"type": "string", "format": "binary"}}}
    return {"required": True, "content": {"multipart/form-data": {"schema": {"allOf": [recording, fields]}}}}


def path_parameter(name: str, description: str) -> Schema:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def query(name: str, description: str) -> Schema:
    """A parameter of the query."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string"}}
