"""Functions of the server that the model may call in the middle of a reply."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pipeline.providers.interfaces import ToolDefinition


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the server runs for the model; the client does not see the call."""

    definition: ToolDefinition
    run: Callable[[Mapping[str, object]], Awaitable[str]]
    """Takes the arguments, gives what the model is told. Raises ValueError with a sentence if they make no sense."""
    writes: bool = False
    """Whether it changes anything: then it waits for the turn to be surely over, and no interruption stops it."""
