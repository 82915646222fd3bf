"""Somebody of whom every store holds a canary: a text that is nowhere else, planted through the code that stores it."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from pipeline.events import ItemAdded
from pipeline.items import Message, Text, new_id
from pipeline.session_log import Left, Opened
from pipeline.settings import SessionSettings
from tests.voice_server.privacy.private_server import TENANT, PrivateServer, Somebody
from voice_server.access.client_secrets import StoredClientSecrets
from voice_server.auth import CustomerIdentity, Principal
from voice_server.conversations.answers import ObjectRecordings
from voice_server.conversations.archive import Archive
from voice_server.conversations.entry import Entry, Header
from voice_server.conversations.facts import LogFact
from voice_server.conversations.held import HeldConversations
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.conversations.spool import Spool
from voice_server.customers.customers import Customers
from voice_server.memory.memories import Learned, Memories
from voice_server.session_logs import SessionLogs
from voice_server.storage.interfaces import Recording
from voice_server.wire.session_config import start_session

CANARIES = (
    *("email", "name", "phone", "assistant", "language", "said", "item-later", "answered", "memory", "replaced"),
    *("consent", "key", "request", "lease", "session-log", "spool", "live-principal", "recording"),
)


def said(number: int, text: str) -> LogFact:
    """An item of its own."""
    return Left(float(number), ItemAdded(Message(f"item_{number}", "user", (Text(text),)), None))


@dataclass
class Planted:
    """One person."""

    name: str
    person: Somebody
    customer_id: UUID
    principal: Principal
    conversations: list[str] = field(default_factory=list)

    def canary(self, what: str) -> str:
        """A text that is nowhere else."""
        return f"canary-{self.name}-{what}"

    def header(self, customer_id: UUID | None = None) -> Header:
        """Of a new conversation over a socket."""
        conversation_id = new_id("conv")
        self.conversations.append(conversation_id)
        return Header(
            conversation_id,
            TENANT,
            self.principal.name,
            self.canary("assistant"),
            "realtime",
            time.time(),
            customer_id=customer_id,
            language=self.canary("language"),
        )

    def canaries(self) -> list[str]:
        """By the beginning that all have, and each by itself."""
        return [self.canary(what) for what in CANARIES]

    def ids(self) -> list[str]:
        """By which stores know the person."""
        return [str(self.person.account_id), str(self.customer_id), *self.conversations]


async def plant(server: PrivateServer, person: Somebody, name: str, log: ConversationLog, data: Path) -> Planted:
    """Somebody who has used everything there is."""
    email = f"canary-{name}-email@example.com"
    await person.register(email, name=f"canary-{name}-name")
    assert person.account_id is not None
    principal = Principal(f"account-{person.account_id}", roles=frozenset({"customer"}), account_id=person.account_id)
    identities = [
        CustomerIdentity("account", str(person.account_id)),
        CustomerIdentity("subject", f"canary-{name}-phone"),
    ]
    customer_id = await Customers(server.database).recognise(TENANT, identities)
    planted = Planted(name, person, customer_id, principal)
    # A letter that has not left yet, with its link.
    assert (await person.send("POST", "/api/v1/auth/forgot", {"email": email}))[0] == 202
    await _consent(planted)
    await _talk(server, planted, log)
    await _memories(server, planted)
    await _keys(server, planted)
    await _files(planted, data)
    return planted


async def _consent(planted: Planted) -> None:
    _, asked = await planted.person.gdpr("GET", "purposes")
    version = {each["purpose"]: each["wording_version"] for each in asked["purposes"]}["memory"]
    body = {"purpose": "memory", "granted": True, "wording_version": version}
    status, _ = await planted.person.gdpr("POST", "consents", body, X_Request_Id=planted.canary("request"))
    assert status == 201
    async with planted.person.server.database.everyone() as connection:
        await connection.execute(
            "INSERT INTO consents (tenant_id, customer_id, purpose, granted, wording, wording_version) "
            "VALUES ($1, $2, 'recordings', true, $3, '1')",
            TENANT,
            planted.customer_id,
            planted.canary("consent"),
        )


async def _talk(server: PrivateServer, planted: Planted, log: ConversationLog) -> None:
    writer = log.open(planted.header(planted.customer_id))
    writer.note(Opened("sess_1", "tester", SessionSettings(), time.time()))
    assert await writer.durable(writer.note(said(1, planted.canary("said"))))
    # Now that PostgreSQL knows of it, Redis gets the rest first.
    assert await writer.durable(writer.note(said(2, planted.canary("said"))))
    writer.end()
    await writer.leave()
    held = HeldConversations(Archive(server.database), server.shared.leases)
    conversation = await held.begin(planted.principal, planted.canary("assistant"))
    planted.conversations.append(conversation.id)
    async with held.hold(conversation.id, planted.principal) as turn:
        turn.facts.append(Opened("sess_3", "tester", SessionSettings(), time.time()))
        turn.facts.append(said(1, planted.canary("answered")))
    recordings = ObjectRecordings(server.objects, server.database)
    for part in ("one", "two"):
        data = f"{planted.canary('recording')} {part}".encode()
        await recordings.add(Recording(data, "audio/wav"), planted.principal, conversation.id)
    key = await server.execute("SELECT key FROM stored_objects WHERE conversation_id = $1 LIMIT 1", conversation.id)
    await server.objects.put(key, planted.canary("recording").encode() + b" in its second version", "audio/wav")
    await server.shared.leases.acquire(f"conversation:{conversation.id}", planted.canary("lease"), 600)


async def _memories(server: PrivateServer, planted: Planted) -> None:
    now = datetime.now(UTC)
    memories = Memories(server.database)
    for value in ("replaced", "memory"):
        learned = Learned("name", planted.canary(value), 0.9, "said", now, planted.conversations[0], "item_1")
        assert await memories.learn(TENANT, planted.customer_id, [learned])


async def _keys(server: PrivateServer, planted: Planted) -> None:
    await StoredClientSecrets(server.database).issue(planted.principal, 600, {"instructions": planted.canary("key")})
    name, conversation_id = planted.principal.name, planted.conversations[0]
    session_id = f"sess_{conversation_id.removeprefix('conv_')}"
    live = {**planted.principal.json(), "note": planted.canary("live-principal")}
    hour = "now() + interval '1 hour'"
    digest = "sha256(convert_to($2, 'UTF8'))"
    for into, values, *arguments in (
        (
            "live_sessions (id, tenant_id, conversation_id, token_digest, holder, principal, expires_at)",
            f"$2, $1, $3, {digest}, 'task', $4, {hour}",
            session_id,
            conversation_id,
            live,
        ),
        ("session_slots (session_id, tenant_id, expires_at)", f"$2, $1, {hour}", session_id),
        (
            "api_keys (tenant_id, name, digest, hint, scopes, created_by)",
            f"$1, 'site', {digest}, 'hint', '{{}}', $2",
            name,
        ),
        ("tenant_versions (tenant_id, version, config, created_by)", "$1, $3, '{}', $2", name, ord(planted.name[0])),
        (
            "privacy_jobs (tenant_id, kind, customer_id, requested_by, state, finished_at)",
            "$1, 'export', gen_random_uuid(), $2, 'failed', now()",
            name,
        ),
    ):
        await server.execute(f"INSERT INTO {into} VALUES ({values})", TENANT, *arguments)


async def _files(planted: Planted, data: Path) -> None:
    session_id = f"sess_{planted.conversations[0].removeprefix('conv_')}"
    async with SessionLogs(data / "session-logs", with_audio=False) as logs:
        config = start_session(session_id, planted.canary("session-log"), SessionSettings(), 1_800_000_000, "realtime")
        logs.observer(config).ended(1000)
    spool = Spool(data / "spool")
    await spool.open()
    line = planted.canary("spool")
    await spool.append([Entry(planted.header(), 1, True, 1, (line,), (), (), None)])
    # As a process that was killed leaves it.
    await spool.close()


async def still_writing(planted: Planted, log: ConversationLog) -> ConversationWriter:
    """A conversation that goes on."""
    writer = log.open(planted.header(planted.customer_id))
    writer.note(Opened("sess_2", "tester", SessionSettings(), time.time()))
    assert await writer.durable(writer.note(said(1, planted.canary("said"))))
    return writer
