"""The real server with its embedded providers and its own PostgreSQL, in a process of its own."""

import asyncio
import email
import email.policy
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession

from voice_server.storage.postgres.cluster import Cluster
from voice_server.storage.postgres.database import Database

READY_SECONDS = 60.0
LETTER_SECONDS = 20.0
LOOK_SECONDS = 0.05


@dataclass
class RealServer:
    """One that is ready."""

    url: str
    folder: Path

    async def letter(self, subject: str) -> str:
        """The text of the letter with this subject, as soon as it is in the folder, from which it is taken."""
        async with asyncio.timeout(LETTER_SECONDS):
            while True:
                for file in (self.folder / "mail").glob("*.eml"):
                    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                    if message["Subject"] == subject:
                        body = message.get_body(("plain",))
                        assert body is not None
                        file.unlink()
                        return str(body.get_content())
                await asyncio.sleep(LOOK_SECONDS)

    async def register(self, email: str, password: str, name: str = "") -> None:
        """Somebody has an account, without a page."""
        async with ClientSession(self.url) as http:
            body = {"email": email, "password": password, "name": name}
            async with http.post("/api/v1/auth/register", json=body) as answer:
                assert answer.status == 202, await answer.text()
            token = (await self.link("Confirm your e-mail address")).partition("#verify=")[2]
            async with http.post("/api/v1/auth/verify", json={"token": token}) as answer:
                assert answer.status == 200, await answer.text()

    async def talk(self, texts: Sequence[str], email: str, password: str) -> None:
        """Conversations that somebody has had elsewhere: one of each text, in this order."""
        async with ClientSession(self.url) as http:
            async with http.post("/api/v1/auth/login", json={"email": email, "password": password}) as answer:
                headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
            for text in texts:
                async with http.ws_connect("/v1/realtime", headers=headers) as socket:
                    content = [{"type": "input_text", "text": text}]
                    item = {"type": "message", "role": "user", "content": content}
                    await socket.send_json({"type": "conversation.item.create", "item": item})
                    while (await socket.receive_json())["type"] != "conversation.item.done":
                        pass

    async def configure(self, **config: object) -> None:
        """How the default tenant is held from now on. Without a key, everybody on this machine is the operator."""
        async with ClientSession(self.url) as http:
            async with http.get("/api/v1/tenants/default") as answer:
                version = (await answer.json())["version"]
            body = {"version": version, "config": config}
            async with http.put("/api/v1/tenants/default/config", json=body) as answer:
                assert answer.status == 200, await answer.text()

    async def found(self, slug: str, name: str, **config: object) -> None:
        """There is another tenant."""
        async with ClientSession(self.url) as http:
            body = {"slug": slug, "name": name, "config": config}
            async with http.post("/api/v1/tenants", json=body) as answer:
                assert answer.status == 201, await answer.text()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """What the server keeps, beside it."""
        async with Database.open(Cluster(self.folder / "postgres").url, max_connections=1) as database:
            yield database

    async def link(self, subject: str) -> str:
        """Where the letter with this subject leads to."""
        found = re.search(r"http\S+", await self.letter(subject))
        assert found is not None
        return found[0]


@asynccontextmanager
async def real_server(folder: Path) -> AsyncIterator[RealServer]:
    """Runs while the context lasts, on a port that the system chooses; what it keeps is in `folder`."""
    with_port = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = with_port.sockets[0].getsockname()[1]
    with_port.close()
    await with_port.wait_closed()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DATA_DIR": str(folder), "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-u", "-m", "voice_server", "serve"),
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_SECONDS):
            lines: list[bytes] = []
            while not lines or b"is ready" not in lines[-1]:
                lines.append(await process.stdout.readline())
                assert lines[-1], b"the server ended: " + b"".join(lines)
        yield RealServer(f"http://127.0.0.1:{port}/", folder)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
