"""Whether an answer is as the OpenAPI description says: what is required is there, and what is there has its type."""

from typing import Any

from voice_server.openapi.description import describe

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def assert_described(method: str, path: str, status: int, body: Any) -> None:
    """`path` as the description has it, with `{names}`."""
    description = describe()
    answer = _resolved(description, description["paths"][path][method]["responses"][str(status)])
    _check(description, answer["content"]["application/json"]["schema"], body, "$")


def _check(description: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> None:
    schema = _resolved(description, schema)
    if "const" in schema:
        assert value == schema["const"], where
    if "enum" in schema:
        assert value in schema["enum"], where
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert isinstance(value, tuple(kind for name in names for kind in _TYPES[name])), (where, value)
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= set(value), where
        for name, field in schema.get("properties", {}).items():
            if name in value:
                _check(description, field, value[name], f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            _check(description, schema["items"], item, f"{where}[{index}]")


def _resolved(description: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        at: Any = description
        for step in node["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        node = at
    return node
