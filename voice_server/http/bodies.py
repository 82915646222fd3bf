"""JSON bodies of requests: checked against a model, with errors that name the field at fault."""

from collections.abc import Mapping
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from voice_server.http.errors import ApiError


class Body(BaseModel):
    """A JSON object. Fields that it does not know are ignored: client libraries add some with every release."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


_Body = TypeVar("_Body", bound=BaseModel)


async def read_body(request: web.Request, model: type[_Body]) -> _Body:
    """The request's JSON as `model`. Raises ApiError 400 with the field at fault."""
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_context=False)[0]) from error


def check_fields(fields: Mapping[str, object], model: type[_Body]) -> _Body:
    """Fields of a form, which are all text, as `model`. An empty field counts as not sent. Raises ApiError 400."""
    try:
        return model.model_validate({name: value for name, value in fields.items() if value != ""}, strict=False)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_context=False)[0]) from error


def _refusal(error: ErrorDetails) -> ApiError:
    # Parts of the path that name a member of a union, such as `str` or `function-plain[…]`, mean nothing to a client.
    path = [str(step) for step in error["loc"] if isinstance(step, int) or step.isidentifier()]
    param = ".".join(path) or None
    if error["type"] == "json_invalid":
        return ApiError(400, "invalid_json", f"The body is not JSON: {error['msg']}.")
    if error["type"] == "missing":
        return ApiError(400, "missing_required_parameter", f"{param} is missing.", param=param)
    code = "invalid_type" if error["type"].endswith(("_type", "_parsing")) else "invalid_value"
    return ApiError(400, code, f"{param or 'The body'}: {error['msg'].removeprefix('Value error, ')}.", param=param)
