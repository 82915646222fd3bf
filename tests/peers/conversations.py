"""A conversation that a peer holds with our server, in a process and an environment of its own."""

import asyncio
import os
from pathlib import Path

from tests.peers.served import KEY, Served

_HERE = Path(__file__).parent
CONVERSATION_SECONDS = 170.0


async def hold(python: Path, script: str, server: Served, recordings: Path, *arguments: str) -> str:
    """Run `script` of this folder, print what it prints, and fail if a check did or if it takes too long."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(recordings),
        "PYTHONPATH": str(_HERE / "conversation"),
        "PYTHONUNBUFFERED": "1",
        "LOGURU_LEVEL": "WARNING",
    }
    command: list[str | Path] = [python, _HERE / script, server.url, KEY, recordings, *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(CONVERSATION_SECONDS):
            async for line in process.stdout:
                lines.append(line.decode(errors="replace").rstrip())
                print(lines[-1], flush=True)
            code = await process.wait()
    except TimeoutError:
        raise AssertionError(f"{script} took longer than {CONVERSATION_SECONDS:.0f} s after: {lines[-1:]}") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    failed = [line for line in lines if line.startswith("FAIL")] or lines[-20:]
    assert code == 0, f"{script} ended with {code}:\n" + "\n".join(failed)
    return "\n".join(lines)
