"""All assistants of this server by name."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from voice_server.assistants.assistant import Assistant
from voice_server.assistants.galion.assistant import galion
from voice_server.assistants.galion.laboratory import Laboratory


@dataclass(frozen=True, slots=True)
class Catalog:
    """Names to assistants."""

    default: Assistant
    others: tuple[Assistant, ...] = ()

    def get(self, name: str | None) -> Assistant:
        """The assistant of this name, in any case; the default if there is none of this name."""
        wanted = (name or "").strip().lower()
        return next((assistant for assistant in self.all() if assistant.name == wanted), self.default)

    def all(self) -> Iterable[Assistant]:
        """Every assistant, the default first."""
        return (self.default, *self.others)


@contextlib.asynccontextmanager
async def open_catalog() -> AsyncIterator[Catalog]:
    """Every assistant, with what it computes with started and warmed up. Raises ProviderUnavailable."""
    async with Laboratory() as laboratory:
        yield Catalog(default=galion(laboratory))
