"""A task of Amazon ECS: it is protected while somebody talks, and learns before SIGTERM that it shall stop.

The container's agent answers under the addresses that it puts into the environment: `ECS_AGENT_URI` (task scale-in
protection, version 1) and `ECS_CONTAINER_METADATA_URI_V4` (metadata, version 4). Elsewhere there is nothing to do.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import structlog

LOOK_SECONDS = 5.0
"""Between two looks at the conversations and at what ECS wants of the task."""
PROTECTED_MINUTES = 60
"""After which ECS drops the protection of a task that says nothing more; asked for anew in half of that."""
ANSWER_SECONDS = 3.0

_log = structlog.get_logger(__name__)


class EcsTask:
    """What the agent is told, and asked."""

    def __init__(
        self,
        environment: Mapping[str, str],
        conversations: Callable[[], int],
        drain: Callable[[], None],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """`conversations`: how many there are now. `drain` has them go elsewhere; called once."""
        self._agent = environment.get("ECS_AGENT_URI", "")
        self._metadata = environment.get("ECS_CONTAINER_METADATA_URI_V4", "")
        self._conversations = conversations
        self._drain = drain
        self._look_seconds = look_seconds
        self._protected_until: float | None = None
        """When the protection has to be asked for anew; None: there is none."""

    async def watch(self) -> None:
        """Runs for ever; at once done where there is no agent."""
        if not self._agent and not self._metadata:
            return
        is_stopping = False
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as http:
            while True:
                try:
                    if self._metadata and not is_stopping and await self._shall_stop(http):
                        is_stopping = True
                        _log.info("the task is going to be stopped")
                        self._drain()
                    if self._agent:
                        await self._protect(http)
                except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                    # Asked again at the next look; ECS sends SIGTERM in any case.
                    _log.warning("ECS agent does not answer", reason=str(error) or type(error).__name__)
                await asyncio.sleep(self._look_seconds)

    async def _shall_stop(self, http: aiohttp.ClientSession) -> bool:
        async with http.get(f"{self._metadata}/task", raise_for_status=True) as answer:
            task: Any = await answer.json(content_type=None)
        return isinstance(task, dict) and task.get("DesiredStatus") == "STOPPED"

    async def _protect(self, http: aiohttp.ClientSession) -> None:
        """Ask for protection, or give it back, if that has changed or runs out."""
        now = asyncio.get_running_loop().time()
        talks = self._conversations() > 0
        if talks == (self._protected_until is not None) and (not talks or now < (self._protected_until or 0.0)):
            return
        wish: dict[str, Any] = {"ProtectionEnabled": talks}
        if talks:
            wish["ExpiresInMinutes"] = PROTECTED_MINUTES
        async with http.put(f"{self._agent}/task-protection/v1/state", json=wish, raise_for_status=True) as answer:
            told: Any = await answer.json(content_type=None)
        if isinstance(told, dict) and (failure := told.get("failure") or told.get("error")):
            raise ValueError(f"no protection: {failure}")
        self._protected_until = now + PROTECTED_MINUTES * 30.0 if talks else None
