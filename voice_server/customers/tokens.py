"""Tokens in which a tenant's own site says who is there: JWTs, signed with the tenant's secret `customer_token`.

The secret is either a shared one of at least 32 characters (HS256), or a public key as a JWK of the kind OKP with the
curve Ed25519 (EdDSA), written without spaces; its kind alone decides which signature is accepted. Claims: `sub`, by
which the site knows the person; `exp`; and, if it likes, `phone` and `name`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import jwt
from jwt.algorithms import OKPAlgorithm
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from voice_server.auth import CustomerIdentity
from voice_server.customers.identities import MAX_SUBJECT, by_strength, normal_phone
from voice_server.http.errors import ApiError

SECRET_NAME = "customer_token"  # noqa: S105 -- the name of one
MIN_SHARED_SECRET = 32
MAX_TOKEN = 4096
"""Characters."""
_LEEWAY_SECONDS = 30
Secrets = Callable[[UUID], Awaitable[Mapping[str, str]]]
"""A tenant's secrets by name, such as `TenantSecrets.open`."""


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    sub: Annotated[str, Field(min_length=1, max_length=MAX_SUBJECT)]
    phone: Annotated[str, Field(max_length=40), AfterValidator(normal_phone)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None


@dataclass(frozen=True, slots=True)
class SiteCustomer:
    """Who is there, as the tenant's site says."""

    identities: tuple[CustomerIdentity, ...]
    name: str | None


class CustomerTokens:
    """Reads them."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def read(self, tenant_id: UUID, token: str) -> SiteCustomer:
        """Who is there. Raises ApiError 401 for a token that does not hold, StorageUnavailable."""
        secret = (await self._secrets(tenant_id)).get(SECRET_NAME)
        if secret is None:
            raise _refusal(f"this tenant has no secret `{SECRET_NAME}`")
        if len(token) > MAX_TOKEN:
            raise _refusal(f"it is longer than {MAX_TOKEN} characters")
        key, algorithm = _key(secret)
        try:
            payload = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                leeway=_LEEWAY_SECONDS,
                # Whom it is for besides is the site's own affair.
                options={"require": ["exp", "sub"], "verify_aud": False},
            )
            claims = _Claims.model_validate(payload)
            given = [CustomerIdentity("subject", claims.sub)]
            if claims.phone:
                given.append(CustomerIdentity("phone", claims.phone))
            return SiteCustomer(tuple(by_strength(given)), claims.name)
        except jwt.PyJWTError as error:
            raise _refusal(str(error).rstrip(".").lower()) from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            raise _refusal(f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from error
        except ValueError as error:
            raise _refusal(str(error)) from error


def _key(secret: str) -> tuple[Any, str]:
    if secret.startswith("{"):
        try:
            key = OKPAlgorithm.from_jwk(secret)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            raise _refusal(f"the secret `{SECRET_NAME}` is no JWK of an Ed25519 key") from error
        return key, "EdDSA"
    if len(secret) < MIN_SHARED_SECRET:
        raise _refusal(f"the secret `{SECRET_NAME}` is shorter than {MIN_SHARED_SECRET} characters")
    return secret, "HS256"


def _refusal(reason: str) -> ApiError:
    message = f"The customer's token does not hold: {reason}. Have the site sign a new one, or leave it out."
    return ApiError(401, "invalid_customer_token", message, param="customer")
