"""Errors as the client reads them: `{type, code, message, param, event_id}`."""

from pipeline.errors import PipelineError, RequestError
from voice_server.wire.json_text import Json

_SERVER_CODES = frozenset({"internal_error", "rate_limit_exceeded", "server_overloaded"})


def error_type(error: PipelineError) -> str:
    """Whose fault it is, in OpenAI's words."""
    is_request = isinstance(error, RequestError) and error.code not in _SERVER_CODES
    return "invalid_request_error" if is_request else "server_error"


def error_object(error: PipelineError, request_id: str | None) -> Json:
    """The `error` of an `error` event. Clients wait for the `event_id` of what they asked."""
    return {
        "type": error_type(error),
        "code": error.code,
        "message": error.message,
        "param": error.param if isinstance(error, RequestError) else None,
        "event_id": request_id,
    }


def error_details(error: PipelineError) -> Json:
    """The `error` inside another event, where nothing may be null."""
    return {"type": error_type(error), "code": error.code, "message": error.message}


def missing(param: str) -> RequestError:
    return RequestError("missing_required_parameter", f"Missing required parameter: '{param}'.", param=param)


def wrong_type(param: str, expected: str, value: object) -> RequestError:
    message = f"Invalid type for '{param}': expected {expected}, but got {_json_type(value)} instead."
    return RequestError("invalid_type", message, param=param)


def wrong_value(param: str, reason: str) -> RequestError:
    return RequestError("invalid_value", f"Invalid value for '{param}': {reason}", param=param)


def too_long(param: str, limit: int, unit: str = "characters") -> RequestError:
    message = f"Invalid '{param}': it is too long. At most {limit} {unit} are accepted."
    return RequestError("string_above_max_length", message, param=param)


def _json_type(value: object) -> str:
    names: dict[type, str] = {
        type(None): "null",
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "something else")
