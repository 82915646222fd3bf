"""What the routes of privacy are sent."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from voice_server.http.bodies import Body
from voice_server.privacy.purposes import Purpose


def _is_uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise ValueError("write an id as customers have it") from error


_Customer = Annotated[str, Field(max_length=45), AfterValidator(_is_uuid)]


class ConsentBody(Body):
    """An answer to one question."""

    purpose: Purpose
    granted: bool
    wording_version: str = Field(max_length=50, description="Of the words that were shown.")
    language: str | None = Field(default=None, pattern="^[a-z]{2}$", description="In which they were shown.")
    customer_id: _Customer | None = Field(default=None, description="For whom a tenant's staff writes it down.")


class JobBody(Body):
    """Whom an export or an erasure is about; empty: oneself."""

    customer_id: _Customer | None = Field(default=None, description="A customer, for the tenant's admins.")
