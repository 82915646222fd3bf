"""A conversation whose server is killed between any two facts around a call, and gone on with at another: what changes
anything is not called twice, no result is lost, and the question is answered once.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp import ClientWebSocketResponse

from pipeline.continuation import CALLED_BY_CLIENT, CUT_SHORT, GO_ON
from pipeline.items import FunctionCall, FunctionCallOutput, Message, new_id
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    TextDelta,
    ToolCallDelta,
    ToolDefinition,
    Usage,
)
from pipeline.tools import Tool
from tests.voice_server.conversations.logs import Kept, header, kept_in
from tests.voice_server.wire.served import Served, served
from voice_server.conversations.entry import Entry
from voice_server.conversations.facts import read
from voice_server.conversations.items import Items
from voice_server.conversations.recorder import Recorder
from voice_server.resumption.resumption import Resumption
from voice_server.resumption.tickets import Ticket, Tickets
from voice_server.storage.postgres.database import Database

PATH = "/v1/realtime?model=test&extensions=1&greeting=0"
PATIENCE_SECONDS = 20.0
QUESTION, RESULT = "item_question", "item_result"
Runner = Literal["server", "client", "both"]
ARGUMENTS = '{"table": "at the window"}'
BOOKED, SUNNY = "done", "sunny"
PREAMBLE = "One moment. Let me see. "
ANSWERS = {
    ("book", BOOKED): "It is booked. Until tonight.",
    ("book", CUT_SHORT): "I cannot say whether it is booked.",
    ("weather", SUNNY): "It is sunny. Take a hat.",
    ("weather", CALLED_BY_CLIENT): "I am looking at the sky.",
}
SCHEMA: Mapping[str, object] = {"type": "object", "properties": {}}


class Clerk:
    """Says that it takes a moment, calls each function once, and says what came of it."""

    name = "clerk"

    def __init__(self, runner: Runner) -> None:
        self._wanted = {"server": ["book"], "client": ["weather"], "both": ["book", "weather"]}[runner]

    async def complete(
        self, messages: Sequence[ModelMessage], _options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel."""
        names = {call.call_id: call.name for message in messages for call in message.tool_calls}
        results = [
            (names[message.call_id], message.text) for message in messages if message.role == "tool" and message.call_id
        ]
        said = messages[-2].text if messages[-1].text == GO_ON else ""
        if not results:
            story = PREAMBLE[len(said) :] if PREAMBLE.startswith(said) else PREAMBLE
            calls = self._wanted
        elif "book" in self._wanted and not self._has_booked(results, messages):
            # It never came to that.
            story, calls = "", ["book"]
        else:
            told = [ANSWERS[result] for result in results if result[1] != CALLED_BY_CLIENT]
            story, calls = " ".join(told or [ANSWERS[results[-1]]]), []
            # What it was saying of the results, if it was.
            rest = said.strip().removeprefix(PREAMBLE.strip()).strip()
            story = story.removeprefix(rest).lstrip()
        for token in re.findall(r"\S+\s*", story):
            yield TextDelta(token)
            await asyncio.sleep(0.001)
        for index, name in enumerate(calls):
            yield ToolCallDelta(index, new_id("call"), name, "")
            for start in range(0, len(ARGUMENTS), 9):
                yield ToolCallDelta(index, None, None, ARGUMENTS[start : start + 9])
                await asyncio.sleep(0.001)
        yield Completed("tool_calls" if calls else "stop", Usage())

    @staticmethod
    def _has_booked(results: Sequence[tuple[str, str]], messages: Sequence[ModelMessage]) -> bool:
        said = " ".join(" ".join(message.text for message in messages if message.role == "assistant").split())
        told = any(answer in said for answer in (ANSWERS["book", BOOKED], ANSWERS["book", CUT_SHORT]))
        return told or any(name == "book" for name, _ in results)


@dataclass
class Client:
    """Asks once in writing, and runs what it is asked to run."""

    runs: list[str] = field(default_factory=list)
    came: list[dict[str, Any]] = field(default_factory=list)
    seq: int = 0
    connection: int = 1

    async def converse(self, socket: ClientWebSocketResponse) -> None:
        """Until nothing is left to be asked or answered."""
        while not self.is_answered():
            if wish := self.next_wish():
                await socket.send_json(wish)
            await self.next(socket)
            while wish is not None and wish == self.next_wish() and not self.is_answered():
                await self.next(socket)

    def next_wish(self) -> dict[str, Any] | None:
        """What the server has to be asked for now; the same again if that was lost with it."""
        content = [{"type": "input_text", "text": "Book a table, if it is sunny."}]
        question = {"id": QUESTION, "type": "message", "role": "user", "content": content}
        if not self.places_of("conversation.item.added", QUESTION):
            return {"type": "conversation.item.create", "item": question}
        if not self.places("response.created"):
            return {"type": "response.create"}
        calls = [
            each["item"]
            for each in self.came
            if each["type"] == "response.output_item.done"
            and each["item"]["type"] == "function_call"
            and each["item"]["status"] == "completed"
        ]
        if not calls:
            return None
        (call,) = calls
        if call["call_id"] not in self.runs:
            self.runs.append(call["call_id"])
        if not self.places("response.done"):
            return None
        if not (given := self.places_of("conversation.item.added", RESULT)):
            if not self.is_quiet():
                return None
            output = {"id": RESULT, "type": "function_call_output", "call_id": call["call_id"], "output": SUNNY}
            return {"type": "conversation.item.create", "item": output}
        return None if self.places("response.created")[-1] > given[0] else {"type": "response.create"}

    def is_quiet(self) -> bool:
        """Whether no reply is being given, nor will one go on by itself."""
        done = [each["response"] for each in self.came if each["type"] == "response.done"]
        details = done[-1].get("status_details") or {}
        return len(done) == len(self.places("response.created")) and details.get("reason") != "connection_lost"

    def is_answered(self) -> bool:
        done = [each["response"] for each in self.came if each["type"] == "response.done"]
        if not done or done[-1]["status"] != "completed" or not self.is_quiet():
            return False
        if not any(each.get("item", {}).get("type") == "function_call" for each in self.came):
            return True
        given = self.places_of("conversation.item.added", RESULT)
        return bool(given) and self.places("response.created")[-1] > given[0]

    def places(self, kind: str) -> list[int]:
        return [place for place, each in enumerate(self.came) if each["type"] == kind]

    def places_of(self, kind: str, item_id: str) -> list[int]:
        return [place for place in self.places(kind) if self.came[place]["item"]["id"] == item_id]

    async def next(self, socket: ClientWebSocketResponse) -> dict[str, Any]:
        fields: dict[str, Any] = await socket.receive_json()
        self.take(fields)
        return fields

    def take(self, fields: dict[str, Any]) -> None:
        known = [each["event_id"] for each in self.came]
        if fields["event_id"] in known:
            return
        assert fields["type"] != "error", (fields, [each["type"] for each in self.came])
        self.came.append(fields)
        self.seq = max(self.seq, fields.get("seq", 0))

    def before(self, seq: int) -> "Client":
        """The same one, had nothing come that followed this fact."""
        client = Client()
        for each in self.came:
            if each.get("seq", client.seq) > seq:
                break
            client.take(each)
            client.next_wish()
        return client

    async def go_on(self, socket: ClientWebSocketResponse) -> None:
        """The connection is another one; what was missed comes first."""
        resumed: dict[str, Any] = await socket.receive_json()
        assert resumed["type"] == "voice.resumed"
        self.connection, self.seq = resumed["connection"], resumed["after"]
        for _ in range(1 + resumed["replayed"]):
            await self.next(socket)


@dataclass
class Told:
    """A conversation: its log, and the client at its end."""

    session_id: str
    lines: list[str]
    client: Client


@dataclass
class Task:
    """A server in front of the database."""

    server: Served
    kept: Kept
    tickets: Tickets
    runs: list[str]
    """Sessions in which the tool ran."""

    async def begin(self) -> Told:
        """Hold the whole conversation."""
        client = Client()
        async with self.server.client.ws_connect(PATH) as socket:
            session_id = (await client.next(socket))["session"]["id"]
            await socket.send_json({"type": "session.update", "session": session_of(self.runner)})
            while not (client.places("session.updated") and client.places("voice.resume")):
                await client.next(socket)
            await client.converse(socket)
        return Told(session_id, await self.lines(session_id), client)

    runner: Runner = "server"

    async def go_on(self, told: Told, count: int, client: Client) -> Told:
        """The server was killed when so much of its log was safe; `client`: what it was then."""
        session_id = new_id("sess")
        old, new = told.session_id.removeprefix("sess_"), session_id.removeprefix("sess_")
        whose = header(session_id.replace("sess_", "conv_"), owner="local")
        lines = tuple(line.replace(old, new) for line in told.lines[:count])
        await self.kept.archive.write([Entry(whose, 1, True, 1, lines, (), (), None)])
        token = await self.tickets.issue(Ticket(session_id, whose.tenant_id, whose.id, whose.owner))
        query = f"&resume={token}&after={client.seq}&connection={client.connection}"
        async with self.server.client.ws_connect(PATH + query) as socket:
            await client.go_on(socket)
            await client.converse(socket)
        return Told(session_id, await self.lines(session_id), client)

    async def lines(self, session_id: str) -> list[str]:
        """The log of a conversation that is over."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                kept = await self.kept.archive.read(session_id.replace("sess_", "conv_"))
                if kept and kept.lines and '"Closed"' in kept.lines[-1][1]:
                    return [line for _, line in kept.lines]
                await asyncio.sleep(0.02)


def session_of(runner: Runner) -> dict[str, Any]:
    """Written answers, and what the client can run."""
    weather = {"type": "function", "name": "weather", "description": "Looks out of the window.", "parameters": SCHEMA}
    tools = [] if runner == "server" else [weather]
    audio = {"input": {"turn_detection": None}}
    return {"type": "realtime", "output_modalities": ["text"], "tools": tools, "audio": audio}


@asynccontextmanager
async def task(database: Database, folder: Path, name: str, runner: Runner) -> AsyncIterator[Task]:
    (folder / name).mkdir()
    runs: list[str] = []

    async def book(arguments: Mapping[str, object]) -> str:
        assert arguments == json.loads(ARGUMENTS)
        runs.append(name)
        await asyncio.sleep(0.005)
        return BOOKED

    tools = [] if runner == "client" else [Tool(ToolDefinition("book", "Books a table.", SCHEMA), book, writes=True)]
    async with kept_in(database, folder / name) as kept:
        tickets, recorder = Tickets(database, name), Recorder(kept.log)
        resumption = Resumption(tickets, kept.archive, kept.log, recorder)
        async with served(record=recorder.record, resumption=resumption, model=Clerk(runner), tools=tools) as server:
            yield Task(server, kept, tickets, runs, runner)


def check(told: Told, runner: Runner, *, result_is_lost: bool) -> None:
    items = Items()
    for line in told.lines:
        items.take(read(line))
    kept = list(items.conversation)
    words = " ".join(item.text for item in kept if isinstance(item, Message) and item.role == "assistant")
    booking = [] if runner == "client" else [ANSWERS["book", CUT_SHORT if result_is_lost else BOOKED]]
    weather = [] if runner == "server" else [ANSWERS["weather", SUNNY]]
    expected_words = " ".join([PREAMBLE.strip(), *booking, *weather]).split()
    # Of two functions, the one that was not called before the cut is called last.
    assert sorted(words.split()) == sorted(expected_words) if runner == "both" else words.split() == expected_words
    calls = [item for item in kept if isinstance(item, FunctionCall) and item.status == "completed"]
    outputs = [item for item in kept if isinstance(item, FunctionCallOutput)]
    expected = 0 if runner == "server" else 1
    assert (len(calls), len(outputs), len(told.client.runs)) == (expected, expected, expected)
    assert not [item for item in kept if item.status == "in_progress"]
    assert [item.role for item in kept if isinstance(item, Message)].count("user") == 1


@pytest.mark.parametrize("missed", [0, 3])
@pytest.mark.parametrize("runner", ["server", "client", "both"])
async def test_killed_between_any_two_facts_around_a_call(
    database: Database, tmp_path: Path, runner: Runner, missed: int
) -> None:
    async with task(database, tmp_path, "one", runner) as one, task(database, tmp_path, "two", runner) as two:
        told = await one.begin()
        check(told, runner, result_is_lost=False)
        first = next(number for number, line in enumerate(told.lines, 1) if "SettingsApplied" in line) + 1
        wrong = []
        for count in range(first, len(told.lines)):
            called = any('"ToolCalled"' in line for line in told.lines[:count])
            returned = any('"ToolReturned"' in line for line in told.lines[:count])
            two.runs.clear()
            try:
                client = told.client.before(count - missed)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    again = await two.go_on(told, count, client)
                check(again, runner, result_is_lost=called and not returned)
                assert len(two.runs) == (0 if called or runner == "client" else 1)
            except (AssertionError, TimeoutError, ValueError) as error:
                wrong.append(f"after {count}, {told.lines[count - 1][:100]}: {error!r}")
        assert not wrong, "\n\n".join(wrong)
