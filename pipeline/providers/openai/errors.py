"""OpenAI's errors, and those of its client, as ours."""

import contextlib
import json
from collections.abc import Iterator, Mapping

import aiohttp
import httpx2
import openai
import websockets

from pipeline.errors import PipelineError, ProviderTimeout, ProviderUnavailable

ADVICE = {
    400: ("provider_refused", "Check the model's name and settings."),
    401: ("provider_key_rejected", "Check OPENAI_API_KEY."),
    403: ("provider_key_rejected", "Check that the key may use this model, and from this country."),
    404: ("provider_model_unknown", "Check the model's name and OPENAI_BASE_URL."),
    429: ("provider_rate_limited", "Try again later, or raise the account's limits."),
}
QUOTA = ("provider_quota_exceeded", "Add credit to the account.")


@contextlib.contextmanager
def openai_errors(what: str) -> Iterator[None]:
    """Turn whatever fails in the block into a ProviderError; `what` names it, such as "OpenAI's speech"."""
    try:
        yield
    except PipelineError:
        raise
    except (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError) as error:
        if failure := _failed_connection(error):
            raise _unreached(what, failure) from error
        raise ProviderTimeout(f"{what} did not answer in time. Check the network.") from error
    except openai.APIStatusError as error:
        message = error.body.get("message") if isinstance(error.body, dict) else None
        refusal = refused(what, error.status_code, message or error.message, error.code)
        refusal.retry_after_seconds = retry_after_seconds(error.response.headers)
        raise refusal from error
    except websockets.InvalidStatus as error:
        status = error.response.status_code
        refusal = refused(what, status, f"it answered with status {status} instead of a socket.", None)
        refusal.retry_after_seconds = retry_after_seconds(error.response.headers)
        raise refusal from error
    except (httpx2.RemoteProtocolError, httpx2.ReadError, websockets.ConnectionClosed) as error:
        raise ProviderUnavailable(f"{what} broke off in the middle ({_reason(error)}). Try again.") from error
    except (
        openai.APIConnectionError, httpx2.HTTPError, aiohttp.ClientError, OSError, websockets.WebSocketException
    ) as error:  # fmt: skip
        raise _unreached(what, error.__cause__ or error) from error
    except (openai.OpenAIError, json.JSONDecodeError, UnicodeDecodeError) as error:
        # The SDK does not check what it reads: an answer that is not JSON ends here.
        raise ProviderUnavailable(
            f"{what} gave an answer that makes no sense ({_reason(error)}). Try again."
        ) from error


def refused(what: str, status: int, message: str, code: str | None) -> ProviderUnavailable:
    """The error for a request that was answered with an HTTP status."""
    ours, advice = ADVICE.get(status, ("provider_unavailable", "Try again."))
    if code == "insufficient_quota":
        ours, advice = QUOTA
    retryable = status >= 500 or (status == 429 and code != "insufficient_quota") or status == 408
    return ProviderUnavailable(f"{what} was refused: {message.rstrip('. ')}. {advice}", code=ours, retryable=retryable)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the vendor wants to be left alone; None if it does not say so in seconds (RFC 9110, `Retry-After`)."""
    value = headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _failed_connection(error: BaseException) -> aiohttp.ClientConnectionError | None:
    """Why there is or was no connection: the SDK calls that a timeout, whatever happened, where it works by aiohttp."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, aiohttp.ClientConnectionError) and not isinstance(cause, TimeoutError):
            return cause
        cause = cause.__cause__
    return None


def _unreached(what: str, error: BaseException) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"{what} could not be reached ({_reason(error)}). Check the network and OPENAI_BASE_URL."
    )


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
