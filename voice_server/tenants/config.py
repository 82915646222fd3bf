"""How a tenant's assistant is held: what its admins decide, and what the operator grants."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from voice_server.settings import MAX_PHRASE_CHARACTERS
from voice_server.wire.limits import MAX_TEXT_CHARACTERS


def _each_once(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if values is not None and len(set(values)) < len(values):
        raise ValueError("name each once")
    return values


_Once = AfterValidator(_each_once)
_Language = Annotated[str, Field(pattern="^[a-z]{2}$")]
_Name = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
_Tool = Annotated[str, Field(min_length=1, max_length=64)]


class _Part(BaseModel):
    """What is written wrongly is refused, not passed over: nobody would notice it before a customer does."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AssistantConfig(_Part):
    """The tenant's own assistant, over one of the server's: what is left out is as that one has it."""

    name: _Name = Field(description="As in the query `model=` and in answers.")
    base: _Name | None = Field(
        default=None, description="The server's assistant it is built on; none: the default one."
    )
    instructions: str | None = Field(default=None, max_length=MAX_TEXT_CHARACTERS)
    voice: str | None = Field(default=None, min_length=1, max_length=100)
    languages: Annotated[tuple[_Language, ...], _Once] = Field(
        default=(), max_length=20, description="ISO 639-1; the first is spoken with those of whom nothing is known."
    )
    tools: Annotated[tuple[_Tool, ...], _Once] | None = Field(
        default=None, max_length=64, description="Names of the functions of the base that it may use; left out: all."
    )
    greeting: str | None = Field(
        default=None,
        max_length=MAX_PHRASE_CHARACTERS,
        description="What it says first; empty: it waits to be spoken to.",
    )


class ProvidersConfig(_Part):
    """Which providers are asked, in this order. Left out: those that the tenant has keys for, then what is embedded; if
    it has no keys at all, as the server does it.
    """

    stt: Annotated[tuple[Literal["openai", "elevenlabs", "embedded"], ...], _Once] | None = Field(
        default=None, min_length=1
    )
    llm: Annotated[tuple[Literal["openai", "embedded"], ...], _Once] | None = Field(default=None, min_length=1)
    tts: Annotated[tuple[Literal["elevenlabs", "openai", "embedded"], ...], _Once] | None = Field(
        default=None, min_length=1
    )
    fallback_to_server: bool = Field(
        default=False,
        description="Whether the server's own providers, on its operator's account, are asked where the tenant's fail "
        "or lack their key. Otherwise words go to nobody but those.",
    )


class Quotas(_Part):
    """How much may be used; left out: as much as the server bears. Only an operator changes them."""

    sessions: int | None = Field(default=None, ge=0, le=100_000, description="Conversations at once.")
    minutes_a_month: int | None = Field(
        default=None, ge=0, le=100_000_000, description="Of conversation, by UTC's months."
    )

    @property
    def is_unlimited(self) -> bool:
        """Whether nothing needs to be counted."""
        return self.sessions is None and self.minutes_a_month is None


class TenantConfig(_Part):
    """All of it. Without anything it is the server's default assistant."""

    assistant: AssistantConfig | None = None
    providers: ProvidersConfig = ProvidersConfig()
    quotas: Quotas | None = Field(default=None, description="Left out in a change: they stay as they are.")
    registration: Literal["open", "invited", "closed"] = Field(
        default="open",
        description="Who becomes a customer: whoever registers; only those whom admins have invited, by adding their "
        "address as a member; or nobody, and admins add members who have an account elsewhere on this server.",
    )
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="After which conversations and memories are removed; left out: never.",
    )
    erasure_grace_days: int = Field(
        default=0, ge=0, le=30, description="How long a person may take back the wish to be erased."
    )

    @property
    def limits(self) -> Quotas:
        """The quotas, which are none where nobody has set any."""
        return self.quotas or Quotas()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What was kept, maybe by a newer version of this program: fields that it does not know are passed over."""
        return cls.model_validate(kept, strict=False, extra="ignore")
