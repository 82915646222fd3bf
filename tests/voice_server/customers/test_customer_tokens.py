"""Tokens of a tenant's own site: taken where they hold, refused in a sentence where they do not."""

import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import OKPAlgorithm

from voice_server.auth import DEFAULT_TENANT, CustomerIdentity
from voice_server.customers.tokens import MAX_TOKEN, CustomerTokens
from voice_server.http.errors import ApiError

SHARED = "a secret of the site, 32 or more"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
JWK = json.dumps(OKPAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True), separators=(",", ":"))
OTHER = UUID(int=2)


async def secrets(tenant_id: UUID) -> Mapping[str, str]:
    return {"customer_token": SHARED} if tenant_id == DEFAULT_TENANT else {"customer_token": JWK}


def claims(**changes: Any) -> dict[str, Any]:
    every = {"sub": "customer 7", "exp": time.time() + 60, "phone": "+39 06 12345678", "name": "Anna", **changes}
    return {name: value for name, value in every.items() if value is not None}


async def test_a_token_says_who_is_there() -> None:
    tokens = CustomerTokens(secrets)
    for tenant_id, signed in (
        (DEFAULT_TENANT, jwt.encode(claims(aud="shop", iss="site"), SHARED, "HS256")),
        (OTHER, jwt.encode(claims(), PRIVATE, "EdDSA")),
    ):
        found = await tokens.read(tenant_id, signed)
        assert found.identities == (
            CustomerIdentity("subject", "customer 7"),
            CustomerIdentity("phone", "+390612345678"),
        )
        assert found.name == "Anna"
    found = await tokens.read(DEFAULT_TENANT, jwt.encode(claims(phone=None, name=None), SHARED, "HS256"))
    assert (len(found.identities), found.name) == (1, None)


PUBLIC = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
REFUSED = {
    "another secret": (DEFAULT_TENANT, jwt.encode(claims(), SHARED[::-1], "HS256")),
    "expired": (DEFAULT_TENANT, jwt.encode(claims(exp=time.time() - 60), SHARED, "HS256")),
    "without an end": (DEFAULT_TENANT, jwt.encode(claims(exp=None), SHARED, "HS256")),
    "without a subject": (DEFAULT_TENANT, jwt.encode(claims(sub=None), SHARED, "HS256")),
    "an empty subject": (DEFAULT_TENANT, jwt.encode(claims(sub=""), SHARED, "HS256")),
    "a long subject": (DEFAULT_TENANT, jwt.encode(claims(sub="a" * 257), SHARED, "HS256")),
    "a subject with a zero": (DEFAULT_TENANT, jwt.encode(claims(sub="a\0b"), SHARED, "HS256")),
    "no telephone number": (DEFAULT_TENANT, jwt.encode(claims(phone="12345"), SHARED, "HS256")),
    "a number as a name": (DEFAULT_TENANT, jwt.encode(claims(name=5), SHARED, "HS256")),
    "unsigned": (DEFAULT_TENANT, jwt.encode(claims(), "", "none")),
    "another algorithm": (DEFAULT_TENANT, jwt.encode(claims(), SHARED, "HS512")),
    "of another tenant": (OTHER, jwt.encode(claims(), SHARED, "HS256")),
    "signed with a public key": (OTHER, jwt.encode(claims(), PUBLIC, "HS256")),
    "too long": (DEFAULT_TENANT, "a" * (MAX_TOKEN + 1)),
    "nothing": (DEFAULT_TENANT, ""),
    "nonsense": (DEFAULT_TENANT, "a.b.c"),
    "no ASCII": (DEFAULT_TENANT, "ä.ö.ü"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_does_not_hold_is_refused(case: str) -> None:
    tenant_id, token = REFUSED[case]
    with pytest.raises(ApiError) as caught:
        await CustomerTokens(secrets).read(tenant_id, token)
    assert (caught.value.status, caught.value.code) == (401, "invalid_customer_token")
    assert SHARED not in caught.value.message


@pytest.mark.parametrize("secret", [{}, {"customer_token": "short"}, {"customer_token": '{"kty":"oct","k":"AAAA"}'},
                                    {"customer_token": "{"}])  # fmt: skip
async def test_a_tenant_whose_secret_is_no_good_takes_no_tokens(secret: dict[str, str]) -> None:
    async def of_tenant(tenant_id: UUID) -> Mapping[str, str]:
        return secret

    with pytest.raises(ApiError, match="secret"):
        await CustomerTokens(of_tenant).read(DEFAULT_TENANT, jwt.encode(claims(), SHARED, "HS256"))
