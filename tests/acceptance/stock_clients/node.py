"""Node.js, wherever it is, and the Agents SDK installed for it once."""

import asyncio
import hashlib
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent / "agents_realtime"
INSTALL_SECONDS = 300


def program(name: str) -> str | None:
    """From the PATH, or beside this Python: some wheels bring Node along."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def sdk_folder() -> Path:
    """The folder in which the SDK is installed; once for each lock file."""
    lock = (HERE / "package-lock.json").read_bytes()
    folder = HERE.parents[3] / ".cache" / f"agents-realtime-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / "installed").exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    status, output = asyncio.run(run(folder, INSTALL_SECONDS, "npm", "ci", "--ignore-scripts"))
    assert status == 0, output
    (folder / "installed").touch()


async def run(folder: Path, seconds: float, name: str, *arguments: str) -> tuple[int | None, str]:
    path = program(name)
    assert path is not None
    # npm is itself a script that looks for node on the PATH.
    environment = {**os.environ, "PATH": f"{Path(path).parent}{os.pathsep}{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None, f"{name} did not end within {seconds} s"
    return process.returncode, output.decode(errors="replace")
