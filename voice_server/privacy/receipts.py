"""Receipts of erasures: JWTs (RFC 7519) signed with EdDSA that say what was erased from which store, how many and when.

They hold no content and no id of a person. The server's signing keys are replaced every month, but their public halves
are kept: a receipt can be verified for as long as the server has its database, and by anybody who kept the public key
that comes with it.
"""

import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from voice_server.accounts.signing_keys import SigningKeys
from voice_server.privacy.jobs import Job
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

TYPE = "erasure-receipt+jwt"
MAX_CHARACTERS = 16_384


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says."""

    claims: Mapping[str, Any]
    token: str
    key: Mapping[str, str]
    """The public key, as RFC 8037 writes it."""

    def json(self) -> dict[str, Any]:
        """As it is kept and shown."""
        return {"receipt": self.token, "claims": dict(self.claims), "key": dict(self.key)}


class Receipts:
    """Signs and verifies them."""

    def __init__(self, database: Database, keys: SigningKeys, issuer: str) -> None:
        """`issuer`: the address of the server."""
        self._database = database
        self._keys = keys
        self._issuer = issuer

    async def sign(self, job: Job, subject_hash: str) -> Receipt:
        """The receipt of a job that is done. Raises StorageUnavailable if no key was ever read."""
        key_id, private = await self._keys.signing()
        claims = {
            "iss": self._issuer,
            "sub": subject_hash,
            "jti": str(job.id),
            "iat": int(time.time()),
            "requested_at": int(job.created_at.timestamp()),
            "erased": erased(job.counts),
        }
        token = jwt.encode(claims, private, algorithm="EdDSA", headers={"kid": key_id, "typ": TYPE})
        return Receipt(claims, token, _jwk(key_id, private.public_key()))

    async def verify(self, token: str) -> Receipt | None:
        """What it says, if this server signed it. Raises StorageUnavailable."""
        if len(token) > MAX_CHARACTERS:
            return None
        try:
            header = jwt.get_unverified_header(token)
            key_id = header.get("kid")
            if header.get("typ") != TYPE or not isinstance(key_id, str):
                return None
            public = await self._public(key_id)
            if public is None:
                return None
            claims = jwt.decode(token, public, algorithms=["EdDSA"], issuer=self._issuer, options={"require": ["jti"]})
        except (jwt.InvalidTokenError, UnicodeError):
            return None
        return Receipt(claims, token, _jwk(key_id, public))

    async def _public(self, key_id: str) -> Ed25519PublicKey | None:
        """Also of a key that has retired. Raises StorageUnavailable."""
        if len(key_id) > 64 or "\0" in key_id:
            return None
        # Keys belong to the server, not to a tenant.
        async with self._database.everyone() as connection:
            data = await connection.fetchval(Statements.of("privacy_receipts")["public_key"], key_id)
        return None if data is None else Ed25519PublicKey.from_public_bytes(data)


def erased(counts: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """What was found in all passes, by store and kind."""
    summed: dict[str, dict[str, int]] = {}
    for stores in counts.values():
        for store, kinds in stores.items():
            sums = summed.setdefault(store, {})
            for kind, number in kinds.items():
                sums[kind] = sums.get(kind, 0) + number
    return summed


def _jwk(key_id: str, public: Ed25519PublicKey) -> dict[str, str]:
    x = urlsafe_b64encode(public.public_bytes_raw()).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key_id, "x": x}
