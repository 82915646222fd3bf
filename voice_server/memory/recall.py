"""Who calls and what is known of them, fetched beside everything else that happens when a conversation begins.

    async with recall.of(principal.tenant_id, identities, name=claims.name) as recollection:
        known = await recollection.within(OPENING_SECONDS)      # None: it is late, or cannot be had
        …                                                       # the conversation begins, with or without
        known = await recollection.arrived()                    # in a task of its own: for the next turn

Nothing on the path of a reply waits for it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from voice_server.auth import CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory.briefing import brief
from voice_server.memory.memories import Memories, Memory
from voice_server.memory.remembering import MayRemember
from voice_server.storage.postgres.database import StorageUnavailable

OPENING_SECONDS = 0.05
"""How long the first word may wait for it."""
LATE_SECONDS = 10.0
"""After which nobody waits for it any more."""
FETCHED = 60
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """Who calls."""

    customer_id: UUID
    briefing: str
    """For the end of the instructions; empty if nothing is known."""


class Recollection:
    """What is being fetched of one caller."""

    def __init__(self, task: asyncio.Task[Known | None]) -> None:
        self._task = task

    async def within(self, seconds: float) -> Known | None:
        """What is known by then; None: it is late, or cannot be had. It goes on being fetched."""
        await asyncio.wait([self._task], timeout=seconds)
        return self._task.result() if self._task.done() and not self._task.cancelled() else None

    async def arrived(self) -> Known | None:
        """What is known when it has come; None: it cannot be had."""
        return await self.within(LATE_SECONDS + 1)


class Recall:
    """Recognises callers and fetches what is known of them."""

    def __init__(self, customers: Customers, memories: Memories, may_remember: MayRemember) -> None:
        self._customers = customers
        self._memories = memories
        self._may_remember = may_remember

    @asynccontextmanager
    async def of(
        self, tenant_id: UUID, identities: Sequence[CustomerIdentity], *, name: str | None = None
    ) -> AsyncIterator[Recollection]:
        """Begin to fetch; whoever leaves the context gives up on it.

        Without `identities` there is nobody to recognise. `name`: see `brief`.
        """
        task = asyncio.create_task(self._fetch(tenant_id, identities, name), name="recall")
        try:
            yield Recollection(task)
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _fetch(self, tenant_id: UUID, identities: Sequence[CustomerIdentity], name: str | None) -> Known | None:
        if not identities:
            return None
        try:
            async with asyncio.timeout(LATE_SECONDS):
                customer_id = await self._customers.recognise(tenant_id, identities)
                return Known(customer_id, brief(await self._remembered(tenant_id, customer_id), name=name))
        except (StorageUnavailable, TimeoutError) as error:
            _log.warning("the caller is not recognised", reason=str(error) or "it took too long")
        except ValueError as error:
            _log.info("the caller cannot be recognised", reason=str(error))
        except Exception:
            # Nobody is sent away because nothing is known of them.
            _log.exception("the caller is not recognised")
        return None

    async def _remembered(self, tenant_id: UUID, customer_id: UUID) -> list[Memory]:
        """What may be used: nothing, once a consent was taken back."""
        allowed = asyncio.create_task(self._may_remember(tenant_id, customer_id))
        try:
            memories = await self._memories.of(tenant_id, customer_id, FETCHED)
            return memories if await allowed else []
        finally:
            allowed.cancel()
            await asyncio.wait([allowed])
