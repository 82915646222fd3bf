"""Galion, put together."""

from collections.abc import Callable
from datetime import datetime
from importlib import resources

from voice_server.assistants.assistant import Assistant
from voice_server.assistants.galion import vocabulary
from voice_server.assistants.galion.laboratory import Laboratory
from voice_server.assistants.galion.offline_model import OfflineModel, local_time
from voice_server.assistants.galion.tools import galion_tools

EXAMPLES = (
    "What is the square root of one hundred and forty four?",
    "Convert five miles to kilometers.",
    "What is the molar mass of glucose?",
    "Tell me about the element carbon.",
)


def galion(laboratory: Laboratory, clock: Callable[[], datetime] = local_time) -> Assistant:
    """The assistant for chemistry, physics and mathematics. `laboratory` must be open while it is talked to."""
    instructions = resources.files(__package__).joinpath("instructions.md").read_text(encoding="utf-8")
    return Assistant(
        name="galion",
        title="Galion",
        description="Chemistry, physics and mathematics by voice; it computes, and needs no key for that.",
        examples=EXAMPLES,
        instructions=instructions.strip(),
        language="en",
        voice=None,
        greeting=None,
        tools=galion_tools(laboratory),
        vocabulary=vocabulary.sentences,
        pronunciations=vocabulary.PRONUNCIATIONS,
        offline_model=OfflineModel(laboratory, clock),
    )
