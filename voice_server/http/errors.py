"""Errors of HTTP requests, in the one shape that every endpoint answers with.

`{"error": {"message", "type", "code", "param"}}`, as OpenAI's API does. A client never sees a traceback: what was not
foreseen is logged and answered with 500 and the request's id, by which the log line is found.
"""

from collections.abc import Mapping

import asyncpg
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from pipeline.errors import PipelineError, ProviderTimeout, RequestError, UnsupportedLanguage
from voice_server.http.request_id import request_id_of
from voice_server.storage.objects.interfaces import ObjectsUnavailable
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.storage.shared.interfaces import SharedUnavailable

RETRY_SECONDS = 5
"""When a client may try again that came while PostgreSQL, Redis or the objects were away."""
_UNKEPT = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
"""PostgreSQL keeps all of Unicode but the character zero."""

_log = structlog.get_logger(__name__)


class ApiError(Exception):
    """A request cannot be answered as asked."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """For machines: lower_snake_case, stable."""
        self.message = message
        """For people: what is wrong and what to do."""
        self.param = param
        """The field at fault."""
        self.headers = dict(headers or {})


def error_body(status: int, code: str, message: str, param: str | None = None) -> dict[str, object]:
    """The JSON of an error."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "code": code, "param": param}}


def as_api_error(error: PipelineError) -> ApiError:
    """What a failure of the pipeline means over HTTP: whose fault it was decides between 4xx and 5xx."""
    if isinstance(error, RequestError):
        return ApiError(400, error.code, error.message, param=error.param)
    if isinstance(error, UnsupportedLanguage):
        return ApiError(400, error.code, error.message, param="language")
    if isinstance(error, ProviderTimeout):
        return ApiError(504, error.code, error.message)
    return ApiError(502, error.code, error.message)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure of a handler into an answer."""
    try:
        response: web.StreamResponse = await handler(request)
    except ApiError as error:
        return _answer(error)
    except PipelineError as error:
        _log.warning("request failed", path=request.path, code=error.code, reason=error.message)
        return _answer(as_api_error(error))
    except (StorageUnavailable, SharedUnavailable, ObjectsUnavailable) as error:
        _log.warning("request failed", path=request.path, code="storage_unavailable", reason=str(error))
        message = "What this needs to read or write cannot be reached at the moment. Try again in some seconds."
        return _answer(ApiError(503, "storage_unavailable", message, headers={"Retry-After": str(RETRY_SECONDS)}))
    except asyncpg.ForeignKeyViolationError as error:
        _log.warning("request failed", path=request.path, code="gone", reason=str(error))
        return _answer(ApiError(404, "not_found", "What this belongs to was deleted in the meantime."))
    except _UNKEPT:
        return _answer(ApiError(400, "invalid_value", "There is a character of the code zero in a text; leave it out."))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _answer(_of_aiohttp(request, error))
    except ConnectionError:
        raise
    except Exception:
        _log.exception("unforeseen failure", path=request.path)
        message = f"The server failed; its log says why under request id {request_id_of(request)}."
        return _answer(ApiError(500, "internal_error", message))
    else:
        return response


def _of_aiohttp(request: web.Request, error: web.HTTPException) -> ApiError:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    match error.status:
        case 404:
            return ApiError(404, "not_found", f"There is nothing at {request.path}; /docs lists what there is.")
        case 405:
            message = f"{request.method} is not possible at {request.path}; allowed: {headers.get('Allow', '')}."
            return ApiError(405, "method_not_allowed", message, headers=headers)
        case 413:
            return ApiError(413, "request_too_large", "The request is larger than this server accepts.")
        case status:
            return ApiError(status, error.reason.lower().replace(" ", "_"), error.text or error.reason)


def _answer(error: ApiError) -> web.Response:
    body = error_body(error.status, error.code, error.message, error.param)
    return web.json_response(body, status=error.status, headers=error.headers)
