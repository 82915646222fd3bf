"""The real server with its embedded providers and its own PostgreSQL, in a process of its own."""

import asyncio
import email
import email.policy
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession

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
