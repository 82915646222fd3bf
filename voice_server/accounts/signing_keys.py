"""Pairs of Ed25519 keys that access tokens are signed with: made, replaced and retired by the tasks themselves.

A key is published for a day before it signs, so that whoever keeps a copy of the JWKS has it in time; it signs for 30
days, and is accepted for an hour after the next one has begun. Tasks that find a new key missing at the same moment
make one of them: they wait for each other at an advisory lock and look again. The private half is sealed, and removed
when the key retires; a task that cannot open it (another SECRET_KEY) makes one of its own and accepts the others'.
"""

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from voice_server.storage.postgres.database import Connection, Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements
from voice_server.storage.resealing import SealedRows
from voice_server.storage.sealed import CannotOpen, Sealed

_DAY = 86_400.0
SIGNS_SECONDS = 30 * _DAY
PUBLISHED_SECONDS = 1 * _DAY
OVERLAP_SECONDS = 3600.0
"""How long a key is accepted after its successor has begun to sign; tokens live for 15 minutes."""
LOAD_SECONDS = 300.0
"""How often a task looks what there is."""
_UNKNOWN_SECONDS = 5.0
"""How often unknown ids make a task look: they cost an attacker nothing."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One pair as this task sees it."""

    id: str
    age: float
    """Seconds since it was made."""
    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None
    """None if it is retired, or sealed with another secret."""
    retired: bool = False


def signing_one(keys: Sequence[SigningKey]) -> SigningKey | None:
    """Which of them signs: the newest that has been published for long enough, else the oldest there is."""
    usable = sorted((key for key in keys if key.private is not None and not key.retired), key=lambda key: key.age)
    return next((key for key in usable if key.age >= PUBLISHED_SECONDS), usable[-1] if usable else None)


def needs_another(keys: Sequence[SigningKey]) -> bool:
    """Whether the next key is to be made: a day before it has to sign."""
    ages = [key.age for key in keys if key.private is not None and not key.retired]
    return not ages or min(ages) >= SIGNS_SECONDS


def outlived(keys: Sequence[SigningKey]) -> list[str]:
    """Those that nobody needs any more."""
    signing = [key.age for key in keys if key.private is not None and key.age >= PUBLISHED_SECONDS + OVERLAP_SECONDS]
    return [key.id for key in keys if signing and key.age > min(signing) and not key.retired]


class SigningKeys:
    """The keys, as far as this task has read them."""

    def __init__(self, database: Database, sealed: Sealed) -> None:
        self._database = database
        self._sealed = sealed
        self._statements = Statements.of("signing_keys")
        self._keys: Mapping[str, SigningKey] = {}
        self._loading = asyncio.Lock()
        self._loaded_at = -_UNKNOWN_SECONDS

    async def run(self) -> None:
        """Stay up to date, and replace what is too old, for as long as the server runs."""
        while True:
            try:
                await self.load()
            except StorageUnavailable as error:
                _log.warning("signing keys were not looked after", reason=str(error))
            except Exception:  # Whatever it was, this work must not end before the server does.
                _log.exception("signing keys were not looked after")
            await asyncio.sleep(LOAD_SECONDS)

    async def load(self) -> None:
        """Read all keys, make one if it is time, retire those that are outlived. Raises StorageUnavailable."""
        async with self._loading:
            await self._load()

    async def signing(self) -> tuple[str, Ed25519PrivateKey]:
        """The key that signs now, by its id. Raises StorageUnavailable if none was ever read."""
        key = signing_one(list(self._keys.values()))
        if key is None:
            await self.load()
            key = signing_one(list(self._keys.values()))
        if key is None or key.private is None:
            raise RuntimeError("a key was made and is not there")
        return key.id, key.private

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The public half of a key that tokens may be signed with. Raises StorageUnavailable for an unknown id."""
        if key_id not in self._keys and self._is_old:
            async with self._loading:
                if self._is_old:
                    await self._load()
        key = self._keys.get(key_id)
        return None if key is None or key.retired else key.public

    def jwks(self) -> dict[str, object]:
        """The public halves as RFC 7517 and RFC 8037 write them."""
        return {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "alg": "EdDSA",
                    "use": "sig",
                    "kid": key.id,
                    "x": urlsafe_b64encode(key.public.public_bytes_raw()).decode().rstrip("="),
                }
                for key in self._keys.values()
                if not key.retired
            ]
        }

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._loaded_at >= _UNKNOWN_SECONDS

    async def _load(self) -> None:
        # Keys belong to the server, not to a tenant.
        async with self._database.everyone() as connection:
            keys = await self._read(connection)
            if needs_another(keys) or outlived(keys):
                await connection.execute(self._statements["wait_for_turn"])
                keys = await self._read(connection)
                if needs_another(keys):
                    await self._add(connection)
                if gone := outlived(keys):
                    await connection.execute(self._statements["retire"], gone)
                keys = await self._read(connection)
        self._keys = {key.id: key for key in keys}
        self._loaded_at = time.monotonic()

    async def _read(self, connection: Connection) -> list[SigningKey]:
        return [self._key(row) for row in await connection.fetch(self._statements["all"])]

    def _key(self, row: asyncpg.Record) -> SigningKey:
        public = Ed25519PublicKey.from_public_bytes(row["public_key"])
        private = None
        if not row["retired"]:
            try:
                private = Ed25519PrivateKey.from_private_bytes(
                    self._sealed.open(row["private_key"], _context(row["id"]))
                )
            except CannotOpen as error:
                _log.warning("a signing key is of no use here", key=row["id"], reason=str(error))
        return SigningKey(row["id"], row["age"], public, private, row["retired"])

    async def _add(self, connection: Connection) -> None:
        private = Ed25519PrivateKey.generate()
        key_id = uuid4().hex
        secret = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        await connection.execute(self._statements["add"], key_id, public, self._sealed.seal(secret, _context(key_id)))


def _context(key_id: str) -> bytes:
    return b"signing_keys/" + key_id.encode()


SEALED_ROWS = SealedRows("signing keys", "signing_keys", ("id",), lambda row: _context(row["id"]))
