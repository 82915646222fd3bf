"""A server with nothing set, from the first registration on: what was said to it is there after `kill -9`."""

import asyncio
import email
import email.policy
import re
import socket
import time
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.acceptance.command import Command, address_of

ADDRESS, PASSWORD = "ada@example.com", "a heron at the lake"
QUESTION = "What is two plus two?"


def mailed_token(folder: Path) -> str:
    """What the link in the first letter carries. The server writes it in its own time."""
    until = time.monotonic() + 20
    while not (letters := list(folder.glob("*.eml"))):
        assert time.monotonic() < until
        time.sleep(0.05)
    letter = email.message_from_bytes(letters[0].read_bytes(), policy=email.policy.default)
    found = re.search(r"#verify=(\S+)", letter.get_content())
    assert found
    return found[1]


async def register(http: ClientSession, mail: Path) -> str:
    """An account, and an access token of it."""
    person = {"email": ADDRESS, "password": PASSWORD}
    async with http.post("/api/v1/auth/register", json=person) as answer:
        assert answer.status == 202, await answer.text()
    token = await asyncio.to_thread(mailed_token, mail)
    async with http.post("/api/v1/auth/verify", json={"token": token}) as answer:
        assert answer.status == 200, await answer.text()
    return await log_in(http)


async def log_in(http: ClientSession) -> str:
    async with http.post("/api/v1/auth/login", json={"email": ADDRESS, "password": PASSWORD}) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["access_token"])


async def ask(http: ClientSession, token: str) -> str:
    """One written question; gives the answer when the server has said that it is done."""
    headers = {"Authorization": f"Bearer {token}"}
    async with asyncio.timeout(30), http.ws_connect("/v1/realtime?greeting=0", headers=headers) as talk:
        content = [{"type": "input_text", "text": QUESTION}]
        item = {"type": "message", "role": "user", "content": content}
        await talk.send_json({"type": "conversation.item.create", "item": item})
        await talk.send_json({"type": "response.create", "response": {"output_modalities": ["text"]}})
        while (event := await talk.receive_json())["type"] != "response.done":
            assert event["type"] != "error", event
    assert event["response"]["status"] == "completed"
    return str(event["response"]["output"][0]["content"][0]["text"])


async def get(http: ClientSession, token: str, path: str) -> dict[str, Any]:
    async with http.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


async def test_what_was_said_is_there_after_the_server_was_killed(command: Command) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    server = command.start("serve", PORT=port, LOG_LEVEL="error")
    url, _ = await asyncio.to_thread(address_of, server)
    async with ClientSession(url) as http:
        token = await register(http, command.folder / ".voice-server" / "mail")
        answer = await ask(http, token)
    assert "4" in answer or "four" in answer
    server.kill()
    server.wait()

    server = command.start("serve", PORT=port, LOG_LEVEL="error")
    await asyncio.to_thread(address_of, server)
    async with ClientSession(url) as http:
        # The token of before is as good as a new one: the keys outlive the process, too.
        (kept,) = (await get(http, token, "/api/v1/conversations"))["data"]
        assert (await get(http, await log_in(http), "/api/v1/conversations"))["data"] == [kept]
        items = (await get(http, token, f"/api/v1/conversations/{kept['id']}"))["items"]
        assert [(item["role"], item["text"]) for item in items] == [("user", QUESTION), ("assistant", answer)]
        async with http.get("/api/v1/conversations") as nobody:
            # Whoever shows no key on this machine runs the server, and sees everything of the default tenant.
            assert [each["id"] for each in (await nobody.json())["data"]] == [kept["id"]]
    assert (command.folder / ".voice-server").stat().st_mode & 0o777 == 0o700
    assert (command.folder / ".voice-server" / "secret").stat().st_mode & 0o777 == 0o600
