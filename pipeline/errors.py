"""What can go wrong in a conversation, by whose fault it is.

PipelineError                 code for machines, message for people, whether trying again may help
├── RequestError              the client asked for something it may not or cannot have; the session goes on
└── ProviderError             a speech-to-text, language-model or text-to-speech provider failed
    ├── ProviderTimeout       it did not answer in time
    ├── ProviderUnavailable   it could not be reached, refused us, or died while it answered
    │   └── ProviderSaidNothing   it ended without having given anything
    └── UnsupportedLanguage   it does not know the language that was asked of it

A RequestError ends nothing. A ProviderError ends the reply or the transcription that it belongs to.
"""


class PipelineError(Exception):
    """Something in the conversation failed."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        """For machines: lower_snake_case, stable."""
        self.message = message
        """For people: what happened, why, and what to do."""
        self.retryable = retryable
        """Whether the same request may succeed when it is sent again."""


class RequestError(PipelineError):
    """The client asked for something that cannot be done."""

    def __init__(self, code: str, message: str, *, param: str | None = None) -> None:
        super().__init__(code, message)
        self.param = param
        """The field at fault, as a path such as `session.audio.input.format`."""


class ProviderError(PipelineError):
    """A provider failed."""

    retry_after_seconds: float | None = None
    """How long the provider wants to be left alone, if it said so."""


class ProviderTimeout(ProviderError):
    """A provider did not answer in time."""

    def __init__(self, message: str) -> None:
        super().__init__("provider_timeout", message, retryable=True)


class ProviderUnavailable(ProviderError):
    """A provider could not be reached, refused the request, or died while answering."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "provider_unavailable",
        retryable: bool = True,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, message, retryable=retryable)
        self.retry_after_seconds = retry_after_seconds


class ProviderSaidNothing(ProviderUnavailable):
    """A provider ended without having given anything."""


class UnsupportedLanguage(ProviderError):
    """A provider does not know the language."""

    def __init__(self, message: str) -> None:
        super().__init__("unsupported_language", message)
