"""ElevenLabs' errors, and those of its sockets, as ours."""

import contextlib
from collections.abc import Iterator, Mapping

import websockets

from pipeline.errors import PipelineError, ProviderTimeout, ProviderUnavailable
from pipeline.providers.elevenlabs.socket import UnreadableMessage

KEY = ("provider_key_rejected", "Check ELEVENLABS_API_KEY.", False)
QUOTA = ("provider_quota_exceeded", "Add credit to the account.", False)
LIMIT = ("provider_rate_limited", "Try again later, or raise the account's limits.", True)
VOICE = ("provider_voice_unknown", "Check the voice's id.", False)
OTHER = ("provider_unavailable", "Try again.", True)

ADVICE: Mapping[str, tuple[str, str, bool]] = {
    "auth_error": KEY,
    "authentication_required": KEY,
    "invalid_api_key": KEY,
    "401": KEY,
    "403": KEY,
    "quota_exceeded": QUOTA,
    "402": QUOTA,
    "rate_limited": LIMIT,
    "queue_overflow": LIMIT,
    "resource_exhausted": LIMIT,
    "429": LIMIT,
    "voice_id_does_not_exist": VOICE,
    "unaccepted_terms": ("provider_refused", "Accept the terms in the account's settings.", False),
    "400": ("provider_refused", "Check the model's name and the voice's id.", False),
    "404": ("provider_refused", "Check the voice's id and ELEVENLABS_BASE_URL.", False),
}
"""What to do about a reason that the vendor gives, be it a word or an HTTP status: code, advice, retryable."""


@contextlib.contextmanager
def elevenlabs_errors(what: str) -> Iterator[None]:
    """Turn whatever fails in the block into a ProviderError; `what` names it, such as "ElevenLabs' speech"."""
    try:
        yield
    except PipelineError:
        raise
    except TimeoutError as error:
        raise ProviderTimeout(f"{what} did not answer in time. Check the network.") from error
    except websockets.InvalidStatus as error:
        status = error.response.status_code
        refusal = refused(what, str(status), f"it answered with status {status} instead of a socket.")
        wait = error.response.headers.get("Retry-After", "")
        if wait.isascii() and wait.isdigit():
            refusal.retry_after_seconds = float(wait)
        raise refusal from error
    except websockets.ConnectionClosed as error:
        close = error.rcvd
        reason = f"{close.code} {close.reason}".strip() if close else "the connection was lost"
        raise ProviderUnavailable(f"{what} broke off in the middle ({reason}). Try again.") from error
    except (OSError, websockets.WebSocketException) as error:
        raise ProviderUnavailable(
            f"{what} could not be reached ({error or type(error).__name__}). Check the network and ELEVENLABS_BASE_URL."
        ) from error
    except UnreadableMessage as error:
        raise ProviderUnavailable(f"{what} gave an answer that makes no sense ({error}). Try again.") from error


@contextlib.contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn what is missing or wrong in a message, while the block reads it, into a ProviderError."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(f"{what} gave an answer that makes no sense ({error!r}). Try again.") from error


def refused(what: str, reason: str, message: str) -> ProviderUnavailable:
    """The error for a reason that the vendor gave."""
    code, advice, retryable = ADVICE.get(reason, OTHER)
    return ProviderUnavailable(f"{what} was refused: {message.rstrip('. ')}. {advice}", code=code, retryable=retryable)
