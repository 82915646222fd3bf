"""Whom an export or an erasure is about: all the ids by which stores know one person."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from voice_server.storage.postgres.database import Connection

_PURPOSE = b"voice-server erased person\n"
_SQL = Statements.of("privacy_subjects")


@dataclass(frozen=True, slots=True)
class Subject:
    """A person. All ids are text; each list has each once, in order."""

    tenant: str | None
    """Where, for a customer of one tenant; None: everywhere, for somebody with an account."""
    accounts: tuple[str, ...] = ()
    """To be erased themselves: none for a customer, who may have an account that is not the tenant's to erase."""
    customers: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    """Names under which conversations and objects of the person are kept."""
    actors: tuple[str, ...] = ()
    """Names under which the person has done things to others."""
    identities: tuple[str, ...] = ()
    """Telephone numbers, subjects of tokens and the like."""
    emails: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    """`conv_…`"""
    sessions: tuple[str, ...] = ()
    """`sess_…`"""
    objects: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()

    def json(self, **more: object) -> dict[str, object]:
        """As statements are given it."""
        noted = (*self.accounts, *self.customers, *self.conversations, *self.sessions, *self.memories, *self.jobs)
        return {**asdict(self), "noted": [*noted, *self.objects], **more}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `json` has made."""
        lists = {name: tuple(kept[name]) for name in cls.__dataclass_fields__ if name != "tenant"}
        return cls(tenant=kept["tenant"], **lists)

    def tombstones(self) -> list[str]:
        """What must not come back, as `0050_privacy_jobs.sql` has it."""
        owners = [f"owner:{name}" for name in self.owners] if self.accounts else []
        return [
            *owners,
            *(f"account:{each}" for each in self.accounts),
            *(f"customer:{each}" for each in self.customers),
            *(f"conversation:{each}" for each in self.conversations),
        ]


def subject_of(tenant_id: UUID, account_id: UUID | None, customer_id: UUID | None) -> Subject:
    """What is known of a person before any store is asked."""
    if account_id is not None:
        owner = owner_of(str(account_id))
        return Subject(None, accounts=(str(account_id),), owners=(owner,), actors=(owner,))
    return Subject(str(tenant_id), customers=(str(customer_id),))


def owner_of(account_id: str) -> str:
    """The name of the principal of an account."""
    return f"account-{account_id}"


def hash_of(secret: bytes, subject: Subject) -> str:
    """What is kept in the place of the person's ids: it says that two lines are of one person, and nothing of whom."""
    # The one that was named first: which others turn out to be the same person may change meanwhile.
    named = (subject.accounts or subject.customers)[0].encode()
    return f"erased-{hmac.digest(secret, _PURPOSE + named, hashlib.sha256).hex()[:32]}"


class Subjects:
    """Finds all ids of a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seeing(self, subject: Subject) -> "AbstractAsyncContextManager[Connection]":
        """A transaction that sees what is the person's: of all tenants for an account, else of the one tenant."""
        # An account belongs to a person and not to a tenant: what they ask for concerns every tenant they were with.
        return self._database.everyone() if subject.tenant is None else self._database.tenant(UUID(subject.tenant))

    async def resolve(self, subject: Subject) -> Subject:
        """With everything that is known of the person now. Raises StorageUnavailable."""
        async with self.seeing(subject) as connection:
            return await resolve(connection, subject)

    async def bury(self, subject: Subject) -> None:
        """From now on, what writes late in the person's name is refused. Raises StorageUnavailable."""
        # Tombstones are of no tenant.
        async with self._database.everyone() as connection:
            await connection.execute(_SQL["bury"], subject.tombstones())

    async def erased_conversations(self, conversation_ids: Iterable[str]) -> set[str]:
        """Those of them that were erased. Raises StorageUnavailable."""
        named = [f"conversation:{each}" for each in conversation_ids]
        async with self._database.everyone() as connection:
            rows = await connection.fetch(_SQL["buried"], named)
        return {row["each"].removeprefix("conversation:") for row in rows}


async def resolve(connection: "Connection", subject: Subject) -> Subject:
    """The same, in a transaction that sees what is the person's."""

    async def texts(name: str, column: str | int = 0) -> tuple[str, ...]:
        rows = await connection.fetch(_SQL[name], subject.json())
        return tuple(str(row[column]) for row in rows if row[column] is not None)

    async def add(**found: Iterable[str]) -> Subject:
        lists: dict[str, Any] = {name: _each_once((*getattr(subject, name), *more)) for name, more in found.items()}
        return replace(subject, **lists)

    subject = await add(customers=await texts("customers"))
    rows = await connection.fetch(_SQL["identities"], subject.json())
    owners = [owner_of(row["value"]) for row in rows if row["kind"] == "account"]
    identities = [row["value"] for row in rows]
    subject = await add(owners=owners, identities=identities, emails=await texts("emails"))
    subject = await add(conversations=await texts("conversations"))
    named = [f"sess_{each.removeprefix('conv_')}" for each in subject.conversations]
    subject = await add(sessions=(*named, *await texts("sessions")), memories=await texts("memories"))
    jobs = await texts("jobs", "id")
    return await add(jobs=jobs, objects=(*await texts("objects"), *await texts("jobs", "object_key")))


def _each_once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
