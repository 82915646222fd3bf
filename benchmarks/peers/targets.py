"""Pipecat and LiveKit Agents as targets: their own voice agents, on the same emulated vendors as everybody else.

Each runs as a process of its own in its own environment (`benchmarks.peers.environment`): with nothing set (`pipecat`,
`livekit`), with 100 ms of silence as the end of speech (`pipecat-tuned`, `livekit-tuned`), and LiveKit also without its
end-of-turn model (`livekit-vad`). What that means is said in their `server.py`.
"""

import contextlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.peers.environment import find_environment, requirements_of
from benchmarks.targets import Endpoint, Target, Vendors, started

_HERE = Path(__file__).parent

PeerName = Literal["pipecat", "livekit"]
Variant = Literal["default", "vad", "tuned"]

PACKAGES: Mapping[PeerName, str] = {"pipecat": "pipecat-ai", "livekit": "livekit-agents"}
VARIANTS: Mapping[PeerName, Sequence[Variant]] = {
    "pipecat": ("default", "tuned"),
    "livekit": ("default", "vad", "tuned"),
}


@dataclass(frozen=True, slots=True)
class Peer:
    """One of the peers with one set of settings."""

    peer: PeerName
    variant: Variant
    python: Path
    """Of its environment."""

    @property
    def name(self) -> str:
        """As in `--targets`."""
        return self.peer if self.variant == "default" else f"{self.peer}-{self.variant}"

    @property
    def version(self) -> str:
        """Of its package, and the settings."""
        package = PACKAGES[self.peer]
        found = re.search(rf"^{package}(?:\[.*\])?==(\S+)", requirements_of(self.peer).read_text(), re.MULTILINE)
        assert found is not None, f"{package} is not in {requirements_of(self.peer)}."
        return f"{package} {found[1]} {self.variant}"

    @contextlib.asynccontextmanager
    async def open(self, vendors: Vendors, core: int | None) -> AsyncGenerator[Endpoint, None]:
        """Start its server."""
        script = str(_HERE / self.peer / "server.py")
        command = [str(self.python), script, vendors.openai_url, vendors.key, self.variant]
        # Pipecat would log each frame's way, which costs it time; LiveKit would ask its cloud in development mode.
        environment = {"LOGURU_LEVEL": "WARNING", "LIVEKIT_DEV_MODE": "0"}
        async with started(command, environment, core, r"ws://\S+") as (url, pid):
            yield Endpoint(url, "pcm", pid)


def peers() -> Sequence[Target]:
    """Those that are installed; `python -m benchmarks.peers` installs them."""
    found = {name: find_environment(name) for name in PACKAGES}
    return [Peer(name, variant, python) for name, python in found.items() if python for variant in VARIANTS[name]]
