"""What is worth remembering of a conversation, found by rules and without any provider.

Only what the person says of themselves, in final transcripts, and what tools have booked; see `rules/`. Pure, and it
never fails: a recogniser writes whatever it likes.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from types import ModuleType

from voice_server.memory.findings import Finding, Line, Talk, ToolResult, plain
from voice_server.memory.rules import english, italian
from voice_server.memory.rules.bookings import booking_of
from voice_server.memory.rules.days import MONTHS, TODAY
from voice_server.memory.rules.statements import stated
from voice_server.memory.rules.studied import field_of_tool, fields_of

MAX_FINDINGS = 50
"""Of one conversation."""
_LANGUAGES: tuple[ModuleType, ...] = (english, italian)
_CAPITAL = re.compile(r"(?<!^)\b[A-Z]")


def extract(talk: Talk) -> list[Finding]:
    """The findings of the new lines, in the order in which they were said."""
    found = [finding for line, asked in _answers(talk.lines) for finding in of_line(line, asked)]
    return best([*found, *(finding for tool in talk.tools for finding in of_tool(tool))])


async def extract_gently(talk: Talk) -> list[Finding]:
    """The same, with room for others after each line: conversations go on in this process meanwhile."""
    found: list[Finding] = []
    for line, asked in _answers(talk.lines):
        found += of_line(line, asked)
        await asyncio.sleep(0)
    for tool in talk.tools:
        found += of_tool(tool)
        await asyncio.sleep(0)
    return best(found)


def of_line(line: Line, asked: str) -> Iterator[Finding]:
    """What somebody says of themselves, after this was `asked`."""
    for language in _LANGUAGES:
        for topic, value, confidence in stated(line.text, language.RULES, language.GUARDS):
            said = _today(line) if topic == "birthday" and value == TODAY else plain(value)
            if said:
                yield Finding(topic, said, confidence, "said", line.item_id, line.said_at)
        if language.ASKED_NAME.search(asked):
            for name in language.answered(line.text, is_cased=bool(_CAPITAL.search(line.text)) or line.text.istitle()):
                if kept := plain(name):
                    yield Finding("name", kept, 0.85, "said", line.item_id, line.said_at)
    for field in fields_of(line.text):
        yield Finding("studied", field, 0.7, "inferred", line.item_id, line.said_at)


def of_tool(tool: ToolResult) -> Iterator[Finding]:
    """What the result of a tool tells."""
    if field := field_of_tool(tool.name):
        yield Finding("studied", field, 0.7, "inferred", tool.item_id, tool.returned_at)
    booking = booking_of(tool.name, tool.arguments, tool.output)
    kept = plain(booking) if booking else None
    if kept:
        yield Finding("booking", kept, 0.95, "booking", tool.item_id, tool.returned_at)


def best(found: Sequence[Finding]) -> list[Finding]:
    """Each thing once, where it was surest and then newest; the newest MAX_FINDINGS of them."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in found:
        key = finding.topic, finding.value.lower()
        known = kept.get(key)
        if known is None or finding.confidence >= known.confidence:
            kept.pop(key, None)
            kept[key] = finding
    return list(kept.values())[-MAX_FINDINGS:]


def _answers(lines: Sequence[Line]) -> Iterator[tuple[Line, str]]:
    """The new lines of the user, each with what the assistant said just before."""
    asked = ""
    for line in lines:
        if line.role == "user" and line.is_new:
            yield line, asked
        asked = line.text if line.role == "assistant" else ""


def _today(line: Line) -> str:
    return f"{line.said_at.day} {MONTHS[line.said_at.month - 1]}"
