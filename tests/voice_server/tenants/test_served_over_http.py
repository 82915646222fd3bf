"""A tenant's assistant over HTTP: for those who show a key of that tenant, and for nobody else."""

from collections.abc import Mapping
from typing import Any

from tests.voice_server.tenants.own_vendors import Site, Vendors, site

MARIA = {"name": "maria", "base": "other", "instructions": "You take bookings.", "languages": ["it", "en"]}


async def get(at: Site, path: str, headers: Mapping[str, str] | None = None) -> Any:
    async with at.server.http.get(path, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def names(at: Site, headers: Mapping[str, str] | None = None) -> set[str]:
    """By both lists."""
    models = {each["id"] for each in (await get(at, "/v1/models", headers))["data"]}
    about = {each["name"] for each in (await get(at, "/api/v1/about", headers))["assistants"]}
    assert about < models
    return about


async def test_a_tenants_assistant_is_listed_for_its_callers_alone() -> None:
    async with site(Vendors("sk-acme")) as at:
        await at.tenant("acme", {"assistant": MARIA}, {"openai_api_key": "sk-acme"})
        await at.tenant("guest", {}, {})
        assert await names(at, at.as_tenant("acme")) == {"maria"}
        assert await names(at, at.as_tenant("guest")) == await names(at) == {"tester", "other"}
        for key in ("vs_wrong", "nonsense"):
            listed = await get(at, "/api/v1/about", {"Authorization": f"Bearer {key}"})
            assert {each["name"] for each in listed["assistants"]} == {"tester", "other"}
        async with at.server.http.get("/v1/models/maria", headers=at.as_tenant("guest")) as answer:
            assert answer.status == 404


async def test_about_says_who_hears_what_a_tenants_callers_say() -> None:
    async with site(Vendors("sk-acme")) as at:
        named = {"stt": ["openai"], "tts": ["openai"]}
        await at.tenant("acme", {"assistant": MARIA, "providers": named}, {"openai_api_key": "sk-acme"})
        about = await get(at, "/api/v1/about", at.as_tenant("acme"))
        assert about["providers"] == {"stt": ["openai"], "llm": ["openai"], "tts": ["openai"]}
        assert about["languages"] == ["en", "it"]
        assert (await get(at, "/api/v1/about"))["providers"]["tts"] == ["elevenlabs"]


async def test_a_browsers_secret_begins_with_the_tenants_assistant() -> None:
    async with site(Vendors("sk-acme")) as at:
        await at.tenant("acme", {"assistant": MARIA}, {"openai_api_key": "sk-acme"})
        await at.tenant("guest", {}, {})
        for slug, model in (("acme", "maria"), ("guest", "tester")):
            path, headers = "/v1/realtime/client_secrets", at.as_tenant(slug)
            async with at.server.http.post(path, json={"session": {"model": "maria"}}, headers=headers) as answer:
                assert answer.status == 200
                made = await answer.json()
            assert made["session"]["model"] == model
            listed = await get(at, "/api/v1/about", {"Authorization": f"Bearer {made['value']}"})
            assert (slug == "acme") == ({each["name"] for each in listed["assistants"]} == {"maria"})


async def test_admins_invite_where_the_configuration_says_so() -> None:
    async with site(Vendors()) as at:
        for slug, registration in (("open", "open"), ("club", "invited"), ("shut", "closed")):
            await at.tenant(slug, {"registration": registration}, {})
            guest = {"email": f"{slug}@example.com", "role": "customer"}
            status, answer = await at.call("POST", f"/{slug}/members", guest)
            assert status == (201 if slug == "club" else 404), answer
            body = {"email": "somebody@example.com", "password": "a heron at the lake", "tenant": slug}
            async with at.server.http.post("/api/v1/auth/register", json=body) as registered:
                assert registered.status == (403 if slug == "shut" else 202)
        _, listed = await at.call("GET", "/club/members")
        assert [each["email"] for each in listed["members"]] == ["club@example.com"]
