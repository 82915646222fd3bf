"""What is remembered over the whole server: read by the model of the tenant, on its account, and by rules otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from benchmarks.emulators.script import ANY, Script
from tests.voice_server.tenants.own_vendors import Site, Vendors, site
from voice_server.auth import LOCAL, CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory import remembering
from voice_server.memory.memories import Memories
from voice_server.memory.model_extraction import MAX_TRANSCRIPT
from voice_server.privacy.consents import Consents, Person

SAID = "I'm allergic to nuts. Pinoli give me a rash."
READ = '{"memories": [{"topic": "allergy", "value": "Pinoli", "line": 0, "stated": true, "confidence": 0.9}]}'
BY_RULES, BY_MODEL = ["nuts"], ["Pinoli"]
GARBAGE = ["Ho ho ho.", '{"memories": 5}', "{" * 25_000, '[{"a": ', "\x00\ud7ff{}{}"]


@pytest.fixture(autouse=True)
def rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one comes at once."""
    monkeypatch.setattr(remembering, "ROUND_SECONDS", 0.02)


@asynccontextmanager
async def reading(script: Script, *keys: str, **settings: object) -> AsyncIterator[Site]:
    async with site(Vendors(*keys, script=script), **settings) as at:
        yield at


async def tenant_of(at: Site, slug: str) -> UUID:
    return UUID((await at.call("GET", f"/{slug}"))[1]["id"])


async def remembered(at: Site, slug: str, name: str, said: str = SAID, *, consents: bool = True) -> list[str]:
    """Of somebody who has said this in a conversation of this name with this tenant, which is over."""
    database, tenant_id = at.server.storage.database, await tenant_of(at, slug)
    customer_id = await Customers(database).recognise(tenant_id, [CustomerIdentity("subject", name)])
    if consents:
        person = Person(tenant_id, customer_id=customer_id)
        await Consents(database).record(LOCAL, person, "memory", "en", "req_1", granted=True)
    async with database.tenant(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO conversations (id, tenant_id, customer_id, owner, assistant, channel, ended_at)"
            " VALUES ($1, $2, $3, 'o', 'a', 'realtime', $4)",
            name,
            tenant_id,
            customer_id,
            datetime.now(UTC) - timedelta(hours=1),
        )
        await connection.execute(
            "INSERT INTO conversation_items (conversation_id, id, tenant_id, position, role, text, status, said_at)"
            " VALUES ($1, 'item_0', $2, 0, 'user', $3, 'completed', now())",
            name,
            tenant_id,
            said,
        )
    async with asyncio.timeout(30):
        while True:
            async with database.tenant(tenant_id) as connection:
                if await connection.fetchval("SELECT remembered_at FROM conversations WHERE id = $1", name):
                    break
            await asyncio.sleep(0.01)
    return [memory.value for memory in await Memories(database).of(tenant_id, customer_id, 50)]


async def test_each_tenants_conversations_are_read_on_its_own_account() -> None:
    async with reading(Script(replies={ANY: [READ]}), "sk-acme") as at:
        await at.tenant("acme", {}, {"openai_api_key": "sk-acme"})
        await at.tenant("guest", {}, {})
        await at.tenant("alone", {"providers": {"llm": ["embedded"]}}, {})
        await at.tenant("keyless", {"providers": {"llm": ["openai"]}}, {})
        assert await remembered(at, "acme", "conv_acme") == BY_MODEL
        assert await remembered(at, "guest", "conv_guest") == BY_MODEL
        assert await remembered(at, "alone", "conv_alone") == BY_RULES
        assert await remembered(at, "keyless", "conv_keyless") == BY_RULES
        assert at.vendors.keys_of("conv_acme") == {"sk-acme"}
        assert at.vendors.keys_of("conv_guest") == {"sk-operator"}
        assert at.vendors.keys_of("conv_alone") | at.vendors.keys_of("conv_keyless") == set()


async def test_a_server_without_a_real_model_has_rules() -> None:
    async with reading(Script(replies={ANY: [READ]}), llm=("embedded",)) as at:
        await at.tenant("guest", {}, {})
        assert await remembered(at, "guest", "conv_1") == BY_RULES
        assert at.vendors.keys_of("conv_1") == set()


async def test_whatever_nonsense_a_model_answers_rules_find_what_they_can() -> None:
    script = Script(replies={f"conv_{number}": [text] for number, text in enumerate(GARBAGE)})
    async with reading(script) as at:
        await at.tenant("guest", {}, {})
        for number in range(len(GARBAGE)):
            assert await remembered(at, "guest", f"conv_{number}") == BY_RULES
            assert at.vendors.keys_of(f"conv_{number}") == {"sk-operator"}


async def test_a_key_that_is_refused_leaves_it_to_the_rules_and_is_asked_once() -> None:
    async with reading(Script(replies={ANY: [READ]})) as at:
        await at.tenant("acme", {}, {"openai_api_key": "sk-wrong"})
        assert await remembered(at, "acme", "conv_1") == BY_RULES
        asked = [key for _, session, key in at.vendors.asked if session == "conv_1"]
        assert asked == ["sk-wrong"]


async def test_no_model_reads_what_nobody_has_consented_to() -> None:
    async with reading(Script(replies={ANY: [READ]})) as at:
        await at.tenant("guest", {}, {})
        assert await remembered(at, "guest", "conv_1", consents=False) == []
        assert at.vendors.keys_of("conv_1") == set()


async def test_what_a_model_reads_is_bounded() -> None:
    async with reading(Script(replies={ANY: [READ]})) as at:
        await at.tenant("guest", {}, {})
        await remembered(at, "guest", "conv_1", SAID + " Well." * 20_000)
        (exchange,) = [each for each in at.vendors.exchanges if each.session_id == "conv_1"]
        assert len("".join(exchange.text)) <= MAX_TRANSCRIPT
