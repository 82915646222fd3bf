"""Tenants with providers of their own, over the whole server and emulated vendors that check every key."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from pipeline.providers.interfaces import CompletionOptions, ModelMessage
from tests.voice_server.full_server import assistant
from tests.voice_server.tenants.own_vendors import OPERATOR, Vendors, site
from voice_server.assistants.catalog import Catalog
from voice_server.tenants import chains as chains_module
from voice_server.tenants import configs, provider_keys
from voice_server.tenants.chains import Chains
from voice_server.tenants.config import ProvidersConfig
from voice_server.tenants.provider_keys import OwnKeys

ACME = {"openai_api_key": "sk-acme", "elevenlabs_api_key": "el-acme"}
OTHER = {"openai_api_key": "sk-other", "elevenlabs_api_key": "el-other"}
ACME_ID = UUID(int=1)
ACME_KEYS, OTHER_KEYS = set(ACME.values()), set(OTHER.values())


@pytest.fixture(autouse=True)
def no_belief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was replaced is used by the next conversation."""
    monkeypatch.setattr(provider_keys, "BELIEVED_SECONDS", 0.0)
    monkeypatch.setattr(configs, "BELIEVED_SECONDS", 0.0)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again."""
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.01)


def words(response: dict[str, Any]) -> str:
    return " ".join(part["transcript"] for item in response["output"] for part in item["content"])


async def test_two_tenants_at_once_each_ask_with_their_own_key_alone() -> None:
    vendors = Vendors(*ACME_KEYS, *OTHER_KEYS)
    async with site(vendors) as at:
        await at.tenant("acme", {}, ACME)
        await at.tenant("other", {}, OTHER)
        async with await at.talk("acme") as acme, await at.talk("other") as other:
            answers = await asyncio.gather(acme.turn(), other.turn())
            assert [words(answer) for answer in answers] == ["It is twelve.", "It is twelve."]
            assert vendors.keys_of(acme.session["id"]) == ACME_KEYS
            assert vendors.keys_of(other.session["id"]) == OTHER_KEYS
        # Those who bring nothing are the operator's.
        await at.tenant("guest", {}, {})
        async with await at.talk("guest") as guest:
            assert words(await guest.turn()) == "It is twelve."
            assert vendors.keys_of(guest.session["id"]) == OPERATOR


async def test_what_a_tenant_has_said_in_advance_is_said_on_its_own_account() -> None:
    vendors = Vendors(*ACME_KEYS)
    async with site(vendors) as at:
        greeting = {"name": "maria", "greeting": "Trattoria Acme, good evening."}
        await at.tenant("acme", {"assistant": greeting}, ACME)
        async with await at.talk("acme") as acme:
            await acme.turn()

        def spoken_by() -> set[str]:
            both = zip(vendors.exchanges, vendors.asked, strict=True)
            return {key for each, (_, _, key) in both if "Trattoria" in "".join(each.text)}

        async def is_spoken() -> bool:
            return bool(spoken_by())

        await until(is_spoken)
        assert spoken_by() == {"el-acme"}


async def test_the_order_is_the_tenants_and_nobody_else_is_asked() -> None:
    vendors = Vendors(*ACME_KEYS)
    async with site(vendors) as at:
        await at.tenant("acme", {"providers": {"stt": ["elevenlabs"], "tts": ["openai"]}}, ACME)
        async with await at.talk("acme") as acme:
            assert words(await acme.turn()) == "It is twelve."
        asked = {
            (request, each.vendor)
            for each, (request, _, key) in zip(vendors.exchanges, vendors.asked, strict=True)
            if key in ACME_KEYS and request != "models"
        }
        assert asked == {("transcription", "elevenlabs"), ("completion", "openai"), ("speech", "openai")}


async def test_a_key_that_was_replaced_is_used_by_new_conversations_and_no_old_connection_stays() -> None:
    vendors = Vendors("sk-acme", "sk-new")
    async with site(vendors, tts=("openai",)) as at:
        await at.tenant("acme", {}, {"openai_api_key": "sk-acme"})
        async with await at.talk("acme") as running:
            await running.turn()
            await at.keep("acme", "openai_api_key", "sk-new")
            async with await at.talk("acme") as begun:
                assert words(await begun.turn()) == "It is twelve."
                assert vendors.keys_of(begun.session["id"]) == {"sk-new"}
            assert words(await running.turn()) == "It is twelve."
            assert vendors.keys_of(running.session["id"]) == {"sk-acme"}


async def test_a_key_that_is_revoked_in_mid_conversation_spends_nobody_elses() -> None:
    vendors = Vendors(*ACME_KEYS)
    with structlog.testing.capture_logs() as logs:
        async with site(vendors) as at:
            await at.tenant("acme", {}, ACME)
            async with await at.talk("acme") as acme:
                assert (await acme.turn())["status"] == "completed"
                vendors.keys.remove("sk-acme")
                failed = await acme.turn()
                assert failed["status"] == "failed", failed
                assert "refuses the key of this tenant" in str(failed["status_details"])
                assert vendors.keys_of(acme.session["id"]) == ACME_KEYS
                status, shown = await at.call("GET", "/acme/providers")
                assert status == 200
                (model,) = shown["llm"]["asked"]
                assert (model["provider"], model["account"]) == ("openai", "tenant")
                assert model["trouble"]["code"] == "provider_key_rejected"
                assert "`openai_api_key`" in model["trouble"]["message"]
                vendors.keys.add("sk-acme")
                assert words(await acme.turn()) == "It is twelve."
                _, shown = await at.call("GET", "/acme/providers")
                assert shown["llm"]["asked"][0]["trouble"] is None
    assert not any(key in f"{logs}{failed}{shown}" for key in ACME_KEYS)


async def test_metrics_count_tenants_accounts_apart_and_name_nobody() -> None:
    vendors = Vendors(*ACME_KEYS, *OTHER_KEYS)
    async with site(vendors) as at:

        async def counted(metric: str = "requests_total") -> dict[tuple[str, str], float]:
            """Of the model: by account, and by code."""
            async with at.server.http.get("/metrics") as answer:
                text = await answer.text()
            assert not any(secret in text for secret in ("acme", "other-", *ACME_KEYS, *OTHER_KEYS))
            families = text_string_to_metric_families(text)
            samples = [each for family in families for each in family.samples if each.labels.get("stage") == "LLM"]
            return {
                (each.labels["account"], each.labels.get("code", "")): each.value
                for each in samples
                if each.name == f"voice_provider_{metric}"
            }

        await at.tenant("acme", {}, ACME)
        await at.tenant("other-one", {}, OTHER)
        of_server = (await counted())["server", ""]
        for slug in ("acme", "other-one"):
            async with await at.talk(slug) as talk:
                assert (await talk.turn())["status"] == "completed"
        assert await counted() == {("server", ""): of_server, ("tenant", ""): 2}
        vendors.keys.remove("sk-acme")
        async with await at.talk("acme") as talk:
            assert (await talk.turn())["status"] == "failed"
        assert (await counted("failures_total")) == {("tenant", "provider_key_rejected"): 1}
        # What was counted stays, whichever connections are closed meanwhile.
        before = await counted()
        await at.keep("acme", "openai_api_key", "sk-other")
        async with await at.talk("acme") as talk:
            assert (await talk.turn())["status"] == "completed"

        assert (await counted())["tenant", ""] == before["tenant", ""] + 1


async def test_a_wrong_key_of_the_voice_is_told_and_the_caller_hears_an_apology() -> None:
    vendors = Vendors("sk-acme")
    async with site(vendors, tts=("elevenlabs", "embedded")) as at:
        secrets = {"openai_api_key": "sk-acme", "elevenlabs_api_key": "el-wrong"}
        await at.tenant("acme", {"providers": {"tts": ["elevenlabs"]}}, secrets)

        async def apologises() -> bool:
            async with await at.talk("acme") as acme:
                return "I'm sorry" in words(await acme.turn())

        await until(apologises)
        spoken = {key for request, session, key in vendors.asked if request == "speech" and session != "phrases"}
        assert spoken == {"el-wrong"}


async def test_the_servers_providers_stand_in_only_where_the_tenant_says_so() -> None:
    vendors = Vendors("sk-acme")
    async with site(vendors) as at:
        named = {"llm": ["openai"], "tts": ["elevenlabs"]}
        await at.tenant("acme", {"providers": named}, {"openai_api_key": "sk-acme"})
        async with await at.talk("acme") as acme:
            failed = await acme.turn()
            assert failed["status"] == "failed"
            assert "no provider for the voice" in str(failed)
            assert vendors.keys_of(acme.session["id"]) == {"sk-acme"}
        _, shown = await at.call("GET", "/acme/providers")
        assert [each["provider"] for each in shown["tts"]["not_asked"]] == ["elevenlabs"]
        await at.configure("acme", {"providers": named | {"fallback_to_server": True}})
        async with await at.talk("acme") as acme:
            assert words(await acme.turn()) == "It is twelve."
            assert vendors.keys_of(acme.session["id"]) == {"sk-acme", "el-operator"}


async def test_requests_over_http_are_answered_on_the_tenants_account_too() -> None:
    vendors = Vendors(*ACME_KEYS)
    async with site(vendors) as at:
        await at.tenant("acme", {"assistant": {"name": "maria", "instructions": "You take bookings."}}, ACME)
        headers = at.as_tenant("acme")
        vendors.asked.clear()
        body = {"model": "maria", "messages": [{"role": "user", "content": "Hello?"}]}
        async with at.server.http.post("/v1/chat/completions", json=body, headers=headers) as answer:
            assert (answer.status, (await answer.json())["model"]) == (200, "maria")
        async with at.server.http.post("/v1/audio/speech", json={"input": "Hello."}, headers=headers) as answer:
            assert answer.status == 200
            await answer.read()
        assert {request: key for request, session, key in vendors.asked if session.startswith("req")} == {
            "completion": "sk-acme",
            "speech": "el-acme",
        }


async def test_conversations_of_one_version_share_what_is_opened_and_what_is_replaced_is_closed() -> None:
    vendors, keys, servers = Vendors("sk-1", "sk-2"), OwnKeys("sk-1"), ProvidersConfig()
    async with site(vendors) as at:

        async def keys_of(_: UUID) -> OwnKeys:
            return keys

        async with Chains(at.stages, Catalog(assistant()), keys_of) as chains:
            async with chains.hold(ACME_ID, servers) as first, chains.hold(ACME_ID, servers) as second:
                assert first is second is not None
                options = CompletionOptions("sess_1")
                async for _ in first.stages.language_models["tester"].complete([ModelMessage("user", "?")], options):
                    pass
                counted = [(each.stage, each.provider, each.requests, each.answers) for each in chains.health()]
                assert ("LLM", "openai", 1, 1) in counted
                keys = OwnKeys("sk-2")
                async with chains.hold(ACME_ID, servers) as third:
                    assert third is not first
                await chains.close_unused()
                assert [version[1] for version in chains._opened] == [OwnKeys("sk-1"), keys]
            await chains.close_unused()
            assert [version[1] for version in chains._opened] == [keys]
            assert ("LLM", "openai", 1, 1) in [
                (each.stage, each.provider, each.requests, each.answers) for each in chains.health()
            ], "what was counted stays when it is closed"
            keys = OwnKeys()
            async with chains.hold(ACME_ID, servers) as nothing:
                assert nothing is None
            await chains.close_unused()
            assert not chains._opened


async def test_what_nobody_uses_is_bounded_and_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains_module, "MAX_OPEN", 2)
    async with site(Vendors()) as at:

        async def keys_of(tenant_id: UUID) -> OwnKeys:
            return OwnKeys(f"sk-{tenant_id.int}")

        async with Chains(at.stages, Catalog(assistant()), keys_of) as chains, AsyncExitStack() as held:
            await held.enter_async_context(chains.hold(UUID(int=1), ProvidersConfig()))
            for number in (2, 3, 4):
                async with chains.hold(UUID(int=number), ProvidersConfig()):
                    pass
            await chains.close_unused()
            assert [tenant_id.int for tenant_id, _, _ in chains._opened] == [1, 3, 4]
            monkeypatch.setattr(chains_module, "IDLE_SECONDS", 0.0)
            await chains.close_unused()
            assert [tenant_id.int for tenant_id, _, _ in chains._opened] == [1]


def test_keys_are_not_shown() -> None:
    assert "sk-1" not in repr(OwnKeys("sk-1", "el-1"))
    assert hash((OwnKeys("sk-1"), ProvidersConfig())) == hash((OwnKeys("sk-1"), ProvidersConfig()))
