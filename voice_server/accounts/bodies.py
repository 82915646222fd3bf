"""What clients send."""

import unicodedata
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from voice_server.accounts import addresses, passwords
from voice_server.auth import DEFAULT_SLUG


class Form(BaseModel):
    """A JSON object all of whose fields are known: a misspelt one is an error, not a surprise."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_time_zone(text: str) -> str:
    if text not in _time_zones():
        raise ValueError("write a time zone such as Europe/Rome")
    return text


def _printable(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for character in text):
        raise ValueError("control characters are not possible here")
    return text


Address = Annotated[
    str, Field(min_length=3, max_length=addresses.MAX_CHARACTERS), AfterValidator(addresses.normal_address)
]
NewPassword = Annotated[str, Field(min_length=passwords.MIN_CHARACTERS, max_length=passwords.MAX_CHARACTERS)]
Password = Annotated[str, Field(min_length=1, max_length=passwords.MAX_CHARACTERS)]
Token = Annotated[str, Field(min_length=1, max_length=200)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", description="A tenant.")]
Name = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known_time_zone)]
RefreshIn = Literal["cookie", "body"]


class RegisterBody(Form):
    """A wish for an account."""

    email: Address
    password: NewPassword
    name: Name = ""
    language: Language | None = None
    time_zone: TimeZone | None = None
    tenant: Slug = DEFAULT_SLUG


class LogInBody(Form):
    """Who somebody says they are."""

    email: Address
    password: Password
    tenant: Slug = DEFAULT_SLUG
    refresh_token_in: Annotated[
        RefreshIn, Field(description="`cookie` for browsers, whose scripts then never see it; `body` for programs.")
    ] = "cookie"  # noqa: S105 -- a place


class RefreshBody(Form):
    """A refresh token; browsers send theirs as a cookie, of which they have one for each tenant."""

    refresh_token: Token | None = None
    tenant: Slug = DEFAULT_SLUG


class VerifyBody(Form):
    """What a link in a letter carries."""

    token: Token


class ForgotBody(Form):
    """Whose password is forgotten, and whose page the letter leads to."""

    email: Address
    tenant: Slug = DEFAULT_SLUG


class ResetBody(Form):
    """A new password, by a link in a letter."""

    token: Token
    password: NewPassword
    tenant: Slug = DEFAULT_SLUG


class ChangePasswordBody(Form):
    """A new password, by the old one."""

    current_password: Password
    password: NewPassword
    tenant: Slug = DEFAULT_SLUG
    refresh_token_in: RefreshIn = "cookie"  # noqa: S105 -- a place


class ProfileBody(Form):
    """What is to be changed: fields that are not sent stay as they are."""

    name: Name = ""
    language: Language | None = None
    time_zone: TimeZone | None = None
