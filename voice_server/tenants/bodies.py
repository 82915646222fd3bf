"""What the routes of tenants are sent."""

from typing import Annotated

from pydantic import Field

from voice_server.access.roles import Scope
from voice_server.http.bodies import Body
from voice_server.tenants.config import TenantConfig
from voice_server.tenants.members import MemberRole

SLUG = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_Name = Annotated[str, Field(min_length=1, max_length=200)]


class NewTenantBody(Body):
    """A tenant to be."""

    slug: str = Field(pattern=SLUG, description="In addresses; it can never be changed.")
    name: _Name
    config: TenantConfig | None = None


class ConfigBody(Body):
    """The next version of a configuration."""

    config: TenantConfig
    version: int | None = Field(
        default=None, ge=0, lt=2**31, description="The one it is made from; it may be in `If-Match` instead."
    )


class NewKeyBody(Body):
    """An API key to be."""

    name: _Name = Field(description="What it is for.")
    scopes: list[Scope] = Field(min_length=1, max_length=4)


class SecretBody(Body):
    """The value of a secret."""

    value: str = Field(min_length=1, max_length=4096, pattern="^[!-~]+$", description="It is never shown again.")


class NewMemberBody(Body):
    """Somebody who is to belong to the tenant."""

    email: str = Field(min_length=3, max_length=254)
    role: MemberRole


class MemberBody(Body):
    """What a member is to be."""

    role: MemberRole
