"""A conversation whose server is killed after each fact of its log, and gone on with at another: every turn is answered
once, nothing is said twice, nothing is left out, and nobody apologises.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from pipeline.audio import AudioFrame
from pipeline.continuation import GO_ON
from pipeline.events import ReplyAudio
from pipeline.items import Message, new_id
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    TextDelta,
    Transcript,
    TranscriptionOptions,
    Usage,
)
from pipeline.providers.scripted import ScriptedTextToSpeech
from pipeline.providers.transcription_requests import TranscriptionRequests
from pipeline.session_log import Left
from pipeline.settings import SessionSettings, TurnDetection
from tests.voice_server.conversations.logs import Kept, header, kept_in
from tests.voice_server.wire.served import Served, served, speech
from voice_server.conversations import pending
from voice_server.conversations.entry import Entry
from voice_server.conversations.facts import is_promise, read
from voice_server.conversations.items import Items
from voice_server.conversations.recorder import Recorder
from voice_server.conversations.restore import restored
from voice_server.conversations.snapshot import Snapshot, taken
from voice_server.resumption.replay import replayed
from voice_server.resumption.resumption import Resumption
from voice_server.resumption.tickets import Ticket, Tickets
from voice_server.storage.postgres.database import Database
from voice_server.wire.audio import PCM_RATE

PATH = "/v1/realtime?model=test&extensions=1&greeting=0"
SPOKEN = SessionSettings(turn_detection=TurnDetection(silence_seconds=0.3))
STORIES = {
    "tell me of metals": "Gold is heavy. Lead is cheap, and soft. Iron rusts.",
    "and of gases": "Argon is idle. Neon glows.",
}
QUESTIONS = list(STORIES)
SPEECH_SECONDS = (0.2, 0.6)
QUESTION_AUDIO = [speech(seconds) + bytes(2 * int(PCM_RATE * 0.35)) for seconds in SPEECH_SECONDS]
QUESTION_ENDS = [len(QUESTION_AUDIO[0]), sum(map(len, QUESTION_AUDIO))]
SECONDS_PER_CHARACTER = 0.004
AT_ONCE = 2
PATIENCE_SECONDS = 20.0
QUIET_SECONDS = 8.0
"""A client that hears nothing for so long was forgotten."""


class Recogniser:
    """Knows the questions by their length, a moment after their end."""

    name = "by length"

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], _options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        requests = TranscriptionRequests(self._words)
        async for transcript in requests.transcripts(audio):
            yield transcript

    async def _words(self, frames: Sequence[AudioFrame]) -> str:
        await asyncio.sleep(0.005)
        seconds = sum(frame.is_speech for frame in frames) * 0.02
        return min(zip(SPEECH_SECONDS, QUESTIONS, strict=True), key=lambda known: abs(known[0] - seconds))[1]


class Storyteller:
    """Knows an answer to each question; asked to go on, it goes on, begins anew, or has nothing to add."""

    name = "storyteller"

    async def complete(
        self, messages: Sequence[ModelMessage], _options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        question = next(message.text for message in reversed(messages) if message.role == "user")
        story = STORIES[question]
        if messages[-1].text == GO_ON:
            said = messages[-2].text
            assert story.startswith(said.strip()), "the model is shown what it has not written"
            if len(said) % 2:
                story = story[len(said.strip()) :].lstrip()
        for token in re.findall(r"\S+\s*", story):
            yield TextDelta(token)
            await asyncio.sleep(0.002)
        yield Completed("stop", Usage())


@dataclass
class Received:
    """What came to a client."""

    seq: int
    """The newest when it came."""
    said: int
    """Samples that the client had said by then, over all connections."""
    fields: dict[str, Any]
    """JSON; of audio the item and the samples."""


@dataclass
class Person:
    """Asks both questions, over one connection after another."""

    connection: int = 1
    seq: int = 0
    said: bytes = b""
    heard_from: int = 0
    """The sample of it that was the first over this connection."""
    asked: int = 0
    answered: int = 0
    came: list[Received] = field(default_factory=list)
    """Over this connection."""

    async def say(self, socket: ClientWebSocketResponse, audio: bytes) -> None:
        for start in range(0, len(audio), 48_000):
            await socket.send_bytes(audio[start : start + 48_000])

    async def go_on(self, socket: ClientWebSocketResponse) -> None:
        """The connection is another one."""
        resumed = await self.next(socket)
        assert resumed["type"] == "voice.resumed"
        self.connection, self.seq = resumed["connection"], resumed["after"]
        self.heard_from += round(resumed["resend_from_ms"] * PCM_RATE / 1000)
        await self.say(socket, self.said[2 * self.heard_from :])

    async def converse(self, socket: ClientWebSocketResponse) -> None:
        """Until both questions are answered."""
        while self.answered < len(QUESTIONS):
            if self.answered == self.asked:
                await self.hear_out(socket)
                question = QUESTION_AUDIO[self.asked]
                self.said += question
                self.asked += 1
                await self.say(socket, question)
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    await self.next(socket)
            except TimeoutError:
                pytest.fail(f"question {self.asked} was never answered; what came: {self.kinds()}")

    async def hear_out(self, socket: ClientWebSocketResponse) -> None:
        """Everything that came has sounded."""
        if heard := self.heard():
            item_id, milliseconds = heard
            report = {"type": "voice.playback", "item_id": item_id, "heard_ms": milliseconds, "playing": False}
            await socket.send_json(report)

    def heard(self) -> tuple[str, int] | None:
        """The newest item that was spoken, and how much of it came."""
        pieces = [each.fields for each in self.came if each.fields["type"] == "audio"]
        if not pieces:
            return None
        item_id = pieces[-1]["item_id"]
        return item_id, sum(piece["samples"] for piece in pieces if piece["item_id"] == item_id) * 1000 // PCM_RATE

    async def next(self, socket: ClientWebSocketResponse) -> dict[str, Any]:
        message = await socket.receive()
        if message.type == WSMsgType.BINARY:
            end = 2 + message.data[1]
            fields = {"type": "audio", "item_id": message.data[2:end].decode()}
            fields["samples"] = len(message.data[end + end % 2 :]) // 2
        else:
            assert message.type == WSMsgType.TEXT, f"closed with {socket.close_code} after {self.kinds()}"
            fields = json.loads(message.data)
            self.seq = max(self.seq, fields.get("seq", 0))
        self.take(Received(self.seq, len(self.said) // 2, fields))
        return fields

    def take(self, received: Received) -> None:
        self.came.append(received)
        assert received.fields["type"] != "error", received.fields
        done = received.fields.get("response", {}) if received.fields["type"] == "response.done" else {}
        self.answered += done.get("status") == "completed"

    def kinds(self) -> list[str]:
        return [each.fields["type"] for each in self.came]

    def before(self, seq: int, begun: "Person") -> "Person":
        """The same one, had nothing come that followed this fact. `begun`: as this connection began."""
        person = replace(begun, connection=self.connection, heard_from=self.heard_from, came=[])
        for each in self.came:
            if each.seq > seq:
                break
            person.seq = each.seq
            person.said = self.said[: 2 * each.said]
            person.take(each)
        person.asked = sum(len(person.said) >= end for end in QUESTION_ENDS)
        return person

    def query(self, token: str) -> str:
        wishes: dict[str, object] = {"resume": token, "after": self.seq, "connection": self.connection}
        is_over = True
        for each in self.came:
            match each.fields["type"]:
                case "audio":
                    is_over = False
                case "response.output_audio.done" | "response.done" | "input_audio_buffer.speech_started":
                    is_over = True
        if not is_over and (heard := self.heard()):
            wishes |= {"item": heard[0], "received_ms": heard[1]}
        return "".join(f"&{name}={value}" for name, value in wishes.items())


@dataclass
class Told:
    """A conversation: its log, and the client at its beginning and at its end."""

    session_id: str
    lines: list[str]
    begun: Person
    person: Person


@dataclass
class Task:
    """A server in front of the database."""

    server: Served
    kept: Kept
    tickets: Tickets

    async def begin(self) -> Told:
        """Hold the whole conversation."""
        person = Person()
        async with self.server.client.ws_connect(PATH) as socket:
            session_id = (await person.next(socket))["session"]["id"]
            update = {"type": "realtime", "audio": {"input": {"transcription": {}}}}
            await socket.send_json({"type": "session.update", "session": update})
            while not {"session.updated", "voice.resume"} <= set(person.kinds()):
                await person.next(socket)
            begun = replace(person, came=[])
            await person.converse(socket)
        return Told(session_id, await self.lines(session_id), begun, person)

    async def go_on(self, told: Told, count: int, person: Person, *, from_snapshot: bool = False) -> Told:
        """The server was killed when so much of its log was safe; `person`: what the client was then."""
        session_id = new_id("sess")
        lines = [
            line.replace(told.session_id.removeprefix("sess_"), session_id.removeprefix("sess_")) for line in told.lines
        ]
        conversation_id = session_id.replace("sess_", "conv_")
        whose = header(conversation_id, owner="local")
        snapshot = newest_snapshot(lines, person.seq) if from_snapshot else None
        await self.kept.archive.write([Entry(whose, 1, True, 1, tuple(lines[:count]), (), (), None, snapshot)])
        token = await self.tickets.issue(Ticket(session_id, whose.tenant_id, conversation_id, whose.owner))
        assert token is not None
        begun = replace(person, came=[])
        again = replace(begun, came=[])
        async with self.server.client.ws_connect(PATH + person.query(token)) as socket:
            await again.go_on(socket)
            await again.converse(socket)
        return Told(session_id, await self.lines(session_id), begun, again)

    async def lines(self, session_id: str) -> list[str]:
        """The log of a conversation that is over."""
        async with asyncio.timeout(20):
            while True:
                kept = await self.kept.archive.read(session_id.replace("sess_", "conv_"))
                if kept and kept.lines and '"Closed"' in kept.lines[-1][1]:
                    return [line for _, line in kept.lines]
                await asyncio.sleep(0.02)


@asynccontextmanager
async def task(database: Database, folder: Path, name: str) -> AsyncIterator[Task]:
    (folder / name).mkdir()
    async with kept_in(database, folder / name) as kept:
        tickets, recorder = Tickets(database, name), Recorder(kept.log)
        async with served(
            record=recorder.record,
            resumption=Resumption(tickets, kept.archive, kept.log, recorder),
            settings=SPOKEN,
            recogniser=Recogniser(),
            model=Storyteller(),
            voice=ScriptedTextToSpeech(seconds_per_character=SECONDS_PER_CHARACTER),
        ) as server:
            yield Task(server, kept, tickets)


def newest_snapshot(lines: Sequence[str], last: int) -> Snapshot | None:
    """Of what stood after the last reply that was over by then."""
    ends = [number for number, line in enumerate(lines[:last], 1) if '"ReplyFinished"' in line]
    return snapshot_after(lines, ends[-1]) if ends else None


def snapshot_after(lines: Sequence[str], count: int) -> Snapshot | None:
    """What the log says of where the conversation stood."""
    facts = [read(line) for line in lines[:count]]
    fold = restored(facts).fold
    return taken(count, fold, replayed(list(enumerate(facts, 1)), count).connection.events)


def check(told: Told) -> None:
    items = Items()
    for line in told.lines:
        items.take(read(line))
    turns: list[tuple[str, str]] = []
    for item in items.conversation:
        assert isinstance(item, Message)
        if item.role == "user":
            turns.append((item.text, ""))
        else:
            turns[-1] = turns[-1][0], f"{turns[-1][1]} {item.text}".strip()
    assert turns == list(STORIES.items())


def first_cut(told: Told) -> int:
    """Before that the client has no session of its own."""
    return next(number for number, line in enumerate(told.lines, 1) if "SettingsApplied" in line) + 1


def newest_possible(told: Told, count: int) -> int:
    """How far the client can be when so much is safe.

    Nothing that it may rely on has come, nor the first sound of a reply.
    """
    begun = set[str]()
    for number, line in enumerate(told.lines, 1):
        fact = read(line)
        if not isinstance(fact, Left):
            continue
        is_first = isinstance(fact.output, ReplyAudio) and fact.output.item_id not in begun
        if number > count and (is_promise(fact.output) or is_first):
            return number - 1
        if isinstance(fact.output, ReplyAudio):
            begun.add(fact.output.item_id)
    return len(told.lines)


async def everywhere(cuts: Sequence[tuple[str, Coroutine[Any, Any, Told]]]) -> dict[str, Told]:
    """Carry out all, some at a time; tell which went wrong."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, cut: Coroutine[Any, Any, Told]) -> tuple[str, Told | str]:
        async with room:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    told = await cut
                check(told)
            except (AssertionError, TimeoutError, pytest.fail.Exception) as error:
                return name, repr(error)
            return name, told

    results = await asyncio.gather(*(one(name, cut) for name, cut in cuts))
    wrong = [f"{name}: {result}" for name, result in results if isinstance(result, str)]
    assert not wrong, "\n\n".join(wrong)
    return {name: result for name, result in results if isinstance(result, Told)}


@pytest.mark.parametrize("client", ["has all of it", "is behind", "is ahead", "is found by a snapshot"])
async def test_killed_after_each_fact(database: Database, tmp_path: Path, client: str) -> None:
    async with task(database, tmp_path, "one") as one, task(database, tmp_path, "two") as two:
        told = await one.begin()
        check(told)
        cuts = []
        for count in range(first_cut(told), len(told.lines), 2 if client == "is behind" else 1):
            came = {"is behind": count - 4, "is ahead": newest_possible(told, count)}.get(client, count)
            if client == "is ahead" and came == count:
                continue
            person = told.person.before(came, told.begun)
            from_snapshot = client == "is found by a snapshot"
            if from_snapshot and newest_snapshot(told.lines, person.seq) is None:
                continue
            again = two.go_on(told, count, person, from_snapshot=from_snapshot)
            cuts.append((f"after {count}, {told.lines[count - 1][:90]}", again))
        assert cuts
        await everywhere(cuts)


async def test_snapshots_say_what_the_log_comes_to(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a conversation over one connection, and of one that went on over another."""
    monkeypatch.setattr(pending, "EVERY_FACTS", 1)
    monkeypatch.setattr(pending, "BEHIND_FACTS", 0)
    async with task(database, tmp_path, "one") as one, task(database, tmp_path, "two") as two:
        told = await one.begin()
        count = next(number for number, line in enumerate(told.lines, 1) if '"ReplyAudio"' in line) + 4
        again = await two.go_on(told, count, told.person.before(count, told.begun))
        for each in (told, again):
            kept = await one.kept.archive.read(each.session_id.replace("sess_", "conv_"), after=len(each.lines))
            assert kept
            assert kept.snapshot
            assert kept.snapshot.sequence > count
            assert kept.snapshot == snapshot_after(each.lines, kept.snapshot.sequence)


@pytest.mark.parametrize("cut", ["TranscriptCompleted", "ReplyItemStarted", "ReplyAudio", "UtteranceCommitted"])
async def test_killed_again_wherever_the_second_server_is(database: Database, tmp_path: Path, cut: str) -> None:
    """After each fact of the server that went on; and after the first of them, when the client knows nothing of it."""
    async with task(database, tmp_path, "one") as one, task(database, tmp_path, "two") as two:
        told = await one.begin()
        # Right before the fact, or in the middle of the first answer.
        count = next(number for number, line in enumerate(told.lines) if f'"{cut}"' in line) + 4 * (cut == "ReplyAudio")
        client = told.person.before(count, told.begun)
        again = await two.go_on(told, count, client)
        check(again)
        begun = next(number for number, line in enumerate(again.lines[count:], count + 1) if '"Opened"' in line)
        taken_over = begun + sum(1 for _ in takewhile(is_ending, again.lines[begun:]))
        last = next(
            number for number, line in enumerate(again.lines[taken_over:], taken_over) if "ReplyFinished" in line
        )
        cuts = [("unknown to the client", two.go_on(again, taken_over, client))]
        for later in range(taken_over, last + 1):
            person = again.person.before(later, again.begun)
            cuts.append((f"after {later}, {again.lines[later - 1][:90]}", two.go_on(again, later, person)))
        await everywhere(cuts)


def is_ending(line: str) -> bool:
    """Whether this is told of a session that was cut, together with the beginning of the one that follows."""
    return any(kind in line for kind in ('"ItemRemoved"', '"TranscriptCompleted"', '"ReplyItemFinished"', "lost"))
