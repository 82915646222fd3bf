"""Who comes to talk: the tenant's assistant, quotas, recognition and memory, and what may be kept."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError

from tests.voice_server.full_server import FullServer, full_server, recording
from voice_server import reception
from voice_server.access.client_secrets import StoredClientSecrets
from voice_server.auth import DEFAULT_TENANT, LOCAL, CustomerIdentity, Principal
from voice_server.customers.customers import Customers
from voice_server.memory.memories import Learned, Memories
from voice_server.privacy.consents import Consents, Person
from voice_server.tenants import configs

PHONE = CustomerIdentity("phone", "+39061234567")
CALLER = Principal("caller", customer=(PHONE,))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever calls is recognised before the conversation begins, however busy the machine is."""
    monkeypatch.setattr(reception, "OPENING_SECONDS", 20.0)


async def configure(server: FullServer, config: dict[str, Any]) -> None:
    """The next version of the default tenant's configuration."""
    async with server.http.get("/api/v1/tenants/default") as answer:
        version = (await answer.json())["version"]
    body = {"config": config, "version": version}
    async with server.http.put("/api/v1/tenants/default/config", json=body) as answer:
        assert answer.status == 200, await answer.text()


async def connect(server: FullServer, principal: Principal | None = None, model: str = "") -> ClientWebSocketResponse:
    headers = {}
    if principal is not None:
        secret = await StoredClientSecrets(server.storage.database).issue(principal, 600, {})
        headers["Authorization"] = f"Bearer {secret.value}"
    return await server.http.ws_connect(f"/v1/realtime?model={model}", headers=headers)


async def session_of(socket: ClientWebSocketResponse) -> dict[str, Any]:
    created = await socket.receive_json(timeout=20)
    assert created["type"] == "session.created"
    session: dict[str, Any] = created["session"]
    return session


async def talk(socket: ClientWebSocketResponse) -> None:
    """One turn, until it is promised."""
    await socket.send_json({"type": "response.create", "response": {"output_modalities": ["text"]}})
    while (await socket.receive_json(timeout=20))["type"] != "response.done":
        pass


async def conversations(server: FullServer) -> list[dict[str, Any]]:
    async with server.http.get("/api/v1/conversations") as answer:
        listed: list[dict[str, Any]] = (await answer.json())["data"]
        return listed


async def test_a_tenant_has_its_own_assistant() -> None:
    async with full_server() as server:
        own = {"name": "maria", "base": "other", "instructions": "You take bookings.", "languages": ["it"]}
        await configure(server, {"assistant": own})
        for asked in ("", "tester", "maria"):
            async with await connect(server, model=asked) as socket:
                session = await session_of(socket)
                await talk(socket)
            assert (session["model"], session["instructions"]) == ("maria", "You take bookings.")
        assert {each["assistant"] for each in await conversations(server)} == {"maria"}
        status, answer = await server.chat(recording())
        assert status == 200, answer
        status, _ = await server.chat(recording(), assistant="tester")
        assert status == 400
        async with server.http.get("/metrics") as page:
            # The names of tenants' assistants are no labels.
            metrics = await page.text()
        assert 'voice_replies_total{assistant="other"' in metrics
        assert "maria" not in metrics


async def test_a_tenant_has_no_more_conversations_than_its_quota() -> None:
    async with full_server() as server:
        await configure(server, {"quotas": {"sessions": 1}})
        async with await connect(server) as first:
            await session_of(first)
            with pytest.raises(WSServerHandshakeError) as refusal:
                await connect(server)
            assert refusal.value.status == 429
        async with asyncio.timeout(20):
            # The place is free when the server knows that the first has left.
            while True:
                try:
                    async with await connect(server) as second:
                        await session_of(second)
                    break
                except WSServerHandshakeError:
                    continue


async def resume_token(socket: ClientWebSocketResponse) -> str:
    while (message := await socket.receive_json(timeout=20))["type"] != "voice.resume":
        pass
    token: str = message["token"]
    return token


async def test_a_conversation_that_goes_on_keeps_its_version_and_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configs, "BELIEVED_SECONDS", 0.0)
    async with full_server() as server:
        quotas = {"sessions": 1}
        await configure(server, {"assistant": {"name": "maria", "base": "other"}, "quotas": quotas})
        path = "/v1/realtime?extensions=1&greeting=0"
        async with server.http.ws_connect(path) as lost:
            token = await resume_token(lost)
            await configure(server, {"assistant": {"name": "anna", "base": "tester"}, "quotas": quotas})
            # The server does not know yet that the first socket is dead.
            async with server.http.ws_connect(f"{path}&resume={token}") as again:
                await resume_token(again)
                await talk(again)
                with pytest.raises(WSServerHandshakeError) as refusal:
                    await connect(server)
                assert refusal.value.status == 429
        async with server.http.get("/metrics") as page:
            metrics = await page.text()
        assert 'voice_replies_total{assistant="other"' in metrics
        assert 'voice_replies_total{assistant="tester"' not in metrics
        async with asyncio.timeout(20):
            while True:
                try:
                    async with await connect(server) as next_one:
                        assert (await session_of(next_one))["model"] == "anna"
                    break
                except WSServerHandshakeError:
                    continue


async def test_a_caller_is_recognised_and_remembered() -> None:
    async with full_server() as server:
        database = server.storage.database
        customer_id = await Customers(database).recognise(DEFAULT_TENANT, [PHONE])
        await Memories(database).learn(
            DEFAULT_TENANT, customer_id, [Learned("allergy", "walnuts", 0.9, "said", datetime.now(UTC))]
        )
        async with await connect(server, CALLER) as socket:
            assert "walnuts" not in (await session_of(socket))["instructions"]
        await Consents(database).record(
            LOCAL, Person(DEFAULT_TENANT, customer_id=customer_id), "memory", "en", "req_1", granted=True
        )
    async with full_server() as another_task:
        async with await connect(another_task, CALLER) as socket:
            instructions = (await session_of(socket))["instructions"]
            assert instructions.startswith("You are tester.")
            assert "walnuts" in instructions
            await talk(socket)
        async with await connect(another_task) as socket:
            assert "walnuts" not in (await session_of(socket))["instructions"]
        kept = await conversations(another_task)
        assert [each["customer"] for each in kept if each["count"]] == [str(customer_id)]


async def test_a_tenants_own_site_says_who_is_there() -> None:
    secret = "the-tenants-site-and-the-server-know-this"
    said = {"sub": "guest-7", "name": "Ada", "exp": int(time.time()) + 600}
    async with full_server() as server:
        async with server.http.put("/api/v1/tenants/default/secrets/customer_token", json={"value": secret}) as answer:
            assert answer.status == 200, await answer.text()
        query = f"/v1/realtime?customer_token={jwt.encode(said, secret, 'HS256')}"
        async with server.http.ws_connect(query) as socket:
            assert "Ada" in (await session_of(socket))["instructions"]
            await talk(socket)
        (kept,) = await conversations(server)
        identity = CustomerIdentity("subject", "guest-7")
        assert kept["customer"] == str(await Customers(server.storage.database).recognise(DEFAULT_TENANT, [identity]))
        with pytest.raises(WSServerHandshakeError) as refusal:
            await server.http.ws_connect(f"/v1/realtime?customer_token={jwt.encode(said, 'x' * 32, 'HS256')}")
        assert refusal.value.status == 401


@pytest.mark.parametrize("is_late", [False, True])
async def test_nothing_is_kept_of_who_does_not_want_it(is_late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_late:
        # Nobody is recognised before the conversation begins.
        monkeypatch.setattr(reception, "OPENING_SECONDS", 0.0)
    async with full_server() as server:
        customer_id = await Customers(server.storage.database).recognise(DEFAULT_TENANT, [PHONE])
        await refuse(server, customer_id)
        async with await connect(server, CALLER) as socket:
            await session_of(socket)
            await talk(socket)
    async with full_server() as server:
        assert await conversations(server) == []
        async with await connect(server) as socket:
            await session_of(socket)
            await talk(socket)
        assert len(await conversations(server)) == 1


async def test_who_is_recognised_late_is_in_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "OPENING_SECONDS", 0.0)
    async with full_server() as server, await connect(server, CALLER) as socket:
        await session_of(socket)
        await talk(socket)
    async with full_server() as server:
        customer_id = await Customers(server.storage.database).recognise(DEFAULT_TENANT, [PHONE])
        assert [each["customer"] for each in await conversations(server)] == [str(customer_id)]


async def refuse(server: FullServer, customer_id: UUID) -> None:
    person = Person(DEFAULT_TENANT, customer_id=customer_id)
    await Consents(server.storage.database).record(LOCAL, person, "conversations", "en", "req_1", granted=False)
