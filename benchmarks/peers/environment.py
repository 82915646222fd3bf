"""Each peer's own virtual environment, out of its hashed requirements."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_CACHE = _HERE.parents[1] / ".cache" / "peers"
INSTALL_SECONDS = 600


def requirements_of(peer: str) -> Path:
    """What `livekit` or `pipecat` consists of."""
    return _HERE / peer / "requirements.txt"


def find_environment(peer: str) -> Path | None:
    """The Python of a peer that is installed."""
    folder = _folder(peer)
    return _python(folder) if (folder / "complete").exists() else None


def open_environment(peer: str) -> Path:
    """Install a peer unless it is installed. Gives its Python. Raises CalledProcessError."""
    if (found := find_environment(peer)) is not None:
        return found
    folder = _folder(peer)
    # What is there was interrupted.
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=INSTALL_SECONDS)
    pip: list[str | Path] = [_python(folder), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    requirements = requirements_of(peer)
    subprocess.run([*pip, "--require-hashes", "-r", requirements], check=True, timeout=INSTALL_SECONDS)
    (folder / "complete").touch()
    return _python(folder)


def _folder(peer: str) -> Path:
    digest = hashlib.sha256(requirements_of(peer).read_bytes() + sys.version.encode()).hexdigest()[:16]
    return _CACHE / f"{peer}-{digest}"


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"
