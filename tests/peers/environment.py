"""Each peer's own virtual environment, out of its hashed requirements."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_CACHE = _HERE.parents[1] / ".cache" / "peers"
INSTALL_SECONDS = 600


def open_environment(peer: str) -> Path:
    """Install a peer unless it is installed. Gives its Python. Raises CalledProcessError."""
    requirements = _HERE / peer / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = _CACHE / f"{peer}-{digest}"
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if complete.exists():
        return python
    # What is there was interrupted.
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=INSTALL_SECONDS)
    pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", requirements], check=True, timeout=INSTALL_SECONDS)
    complete.touch()
    return python
