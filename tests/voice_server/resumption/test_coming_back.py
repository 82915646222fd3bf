"""A client that lost its socket or its server goes on with the conversation: nothing is lost, nothing is said twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import WSServerHandshakeError, web

from pipeline.audio import INPUT_RATE
from pipeline.events import AudioReceived, ItemAdded, ItemDeleted, ItemRemoved, SpeechStarted, UtteranceCommitted
from pipeline.items import Message, Speech
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from pipeline.session_log import Entered, Left, Opened
from pipeline.settings import SessionSettings, TurnDetection
from tests.voice_server.conversations.logs import Kept, kept_in
from tests.voice_server.wire.served import Served, Talk, served
from voice_server.conversations.facts import LogFact
from voice_server.conversations.items import Items
from voice_server.conversations.recorder import Recorder
from voice_server.resumption.resumption import Resumption
from voice_server.resumption.tickets import Tickets
from voice_server.storage.postgres.database import Database

PATH = "/v1/realtime?model=test&extensions=1"
STORY = "The first sentence is here. Then comes a second one. The third one ends it."
SPOKEN = SessionSettings(turn_detection=TurnDetection(silence_seconds=0.3))


@dataclass
class Task:
    """One of several servers in front of one database."""

    server: Served
    kept: Kept


@asynccontextmanager
async def task(database: Database, folder: Path, name: str, **options: Any) -> AsyncIterator[Task]:
    folder = folder / name
    folder.mkdir()
    async with kept_in(database, folder) as kept:
        recorder = Recorder(kept.log)
        resumption = Resumption(Tickets(database, name), kept.archive, kept.log, recorder)
        async with served(record=recorder.record, resumption=resumption, settings=SPOKEN, **options) as server:
            yield Task(server, kept)


@asynccontextmanager
async def talking(server: Served, query: str = "") -> AsyncIterator[Talk]:
    async with server.client.ws_connect(PATH + query, max_msg_size=64 * 1024 * 1024) as socket:
        yield Talk(socket)


def newest(talk: Talk) -> int:
    return max(int(message.get("seq", 0)) for message in talk.messages)


def coming_back(talk: Talk, token: str, **more: object) -> str:
    wishes = {"resume": token, "after": newest(talk), **more}
    return "".join(f"&{name}={value}" for name, value in wishes.items())


async def token_of(talk: Talk) -> str:
    token = (await talk.until("voice.resume"))["token"]
    assert isinstance(token, str)
    return token


def words(talk: Talk, kind: str = "response.output_audio_transcript.delta") -> str:
    return "".join(message["delta"] for message in talk.messages if message["type"] == kind)


def received_ms(talk: Talk) -> float:
    """Of binary audio, 24 kHz pcm16, less the head of each frame."""
    return sum(len(frame) - 2 - frame[1] - frame[1] % 2 for frame in talk.frames) / 48


@pytest.mark.parametrize("moves", [False, True], ids=["the same task", "another task"])
async def test_a_reply_in_the_middle_of_which_the_socket_is_lost(
    database: Database, tmp_path: Path, moves: bool
) -> None:
    voice = ScriptedTextToSpeech(seconds_per_character=0.05)
    model = ScriptedLanguageModel(STORY)
    async with (
        task(database, tmp_path, "one", voice=voice, model=model) as one,
        task(database, tmp_path, "two", voice=voice, model=ScriptedLanguageModel(STORY)) as two,
    ):
        async with talking(one.server) as talk:
            token = await token_of(talk)
            await talk.type_text("Tell me a story.")
            await talk.send("response.create")
            item_id = (await talk.until("response.output_item.added"))["item"]["id"]
            while received_ms(talk) < 500:
                await talk.next()
            got = received_ms(talk)
            back = coming_back(talk, token, item=item_id, received_ms=round(got))
            abort(talk)
        async with talking((two if moves else one).server, back) as again:
            resumed = await again.next()
            assert (resumed["type"], resumed["connection"]) == ("voice.resumed", 2)
            # The client may have more than any log knows of.
            assert resumed["after"] <= newest(talk)
            assert (await again.next())["type"] == "voice.resume"
            done = await again.until("response.done")
            assert done["response"]["status_details"] == {"type": "incomplete", "reason": "connection_lost"}
            continued = await again.until("voice.continued")
            assert continued["continues"] == done["response"]["id"]
            ended = await again.until("response.done")
            assert ended["response"]["status"] == "completed"
            rest = ended["response"]["output"][0]["content"][0]["transcript"]
        heard = await heard_of(one.kept, talk)
        assert STORY.startswith(heard[0])
        assert " ".join(heard) == STORY
        assert rest.strip() == heard[1]


async def test_a_turn_that_was_committed_is_answered_after_the_task_is_gone(database: Database, tmp_path: Path) -> None:
    never = ScriptedLanguageModel("Late.", first_token_seconds=60.0)
    async with (
        task(database, tmp_path, "two", model=ScriptedLanguageModel(STORY)) as two,
        task(database, tmp_path, "one", model=never) as one,
    ):
        async with talking(one.server) as talk:
            token = await token_of(talk)
            await talk.speak()
            await talk.be_silent(0.8)
            await talk.until("input_audio_buffer.committed")
            back = coming_back(talk, token)
            abort(talk)
        async with talking(two.server, back) as again:
            ended = await again.until("response.output_audio_transcript.done")
            assert ended["transcript"] == STORY


def abort(talk: Talk) -> None:
    """The network is gone."""
    response = talk.socket._response
    assert response.connection is not None
    transport = response.connection.transport
    assert transport is not None
    transport.abort()


async def heard_of(kept: Kept, talk: Talk) -> list[str]:
    session_id = talk.messages[0]["session"]["id"]
    found = await kept.archive.read(session_id.replace("sess_", "conv_"))
    assert found is not None
    lines = [json.loads(line) for _, line in found.lines]
    items = [line["output"]["item"] for line in lines if line.get("output", {}).get("$") == "ReplyItemFinished"]
    return [item["content"][0]["transcript"].strip() for item in items]


@pytest.mark.parametrize("what", ["unknown", "hung up", "somebody else's"])
async def test_what_cannot_be_gone_on_with(database: Database, tmp_path: Path, what: str) -> None:
    async with task(database, tmp_path, "one") as one:
        async with talking(one.server) as talk:
            token = await token_of(talk)
        while waiting := one.server.voice_socket._open | one.server.voice_socket._left:
            await asyncio.wait(waiting)
        if what == "unknown":
            token = "rs_unknown"
        elif what == "somebody else's":
            async with database.everyone() as connection:
                await connection.execute('UPDATE live_sessions SET principal = \'{"name": "somebody"}\'')
        with pytest.raises(WSServerHandshakeError) as refused:
            async with talking(one.server, f"&resume={token}&after=0"):
                pass
        assert refused.value.status == 409


async def test_why_a_socket_was_refused_is_told_to_browsers_over_http(database: Database, tmp_path: Path) -> None:
    async with task(database, tmp_path, "one") as one, talking(one.server) as talk:
        statuses = {}
        for token in (await token_of(talk), "rs_unknown"):
            async with one.server.client.get(f"{PATH}&resume={token}&after=0") as answer:
                statuses[token] = answer.status, (await answer.json())["error"]["code"]
        assert list(statuses.values()) == [(426, "upgrade_required"), (409, "session_not_resumable")]
        # Nothing of that took the conversation away.
        await talk.ask("Are you there?")


async def test_a_server_that_stops_is_left_as_soon_as_its_clients_are_elsewhere(
    database: Database, tmp_path: Path
) -> None:
    async with (
        task(database, tmp_path, "two") as two,
        task(database, tmp_path, "one", drain_seconds=600.0) as one,
        talking(one.server) as talk,
    ):
        token = await token_of(talk)
        await talk.ask("Hello?")
        stopping = asyncio.create_task(one.server.voice_socket.shut_down(web.Application()))
        await talk.until("voice.draining")
        with pytest.raises(WSServerHandshakeError) as refused:
            async with talking(one.server):
                pass
        assert refused.value.status == 503
        async with talking(two.server, coming_back(talk, token)) as again:
            await again.until("voice.resumed")
            assert await talk.closed() == 1012
            await stopping
            await again.ask("Are you still there?")


def received(seconds: float) -> Entered:
    return Entered(0.0, AudioReceived(np.zeros(round(seconds * INPUT_RATE), np.int16)))


OPENED = Opened("sess_1", "tester", SPOKEN, 0.0)
BEGUN = Left(0.0, SpeechStarted("item_1", 2.5))
COMMITTED = Left(0.0, UtteranceCommitted("item_1", None))
ADDED = Left(0.0, ItemAdded(Message("item_1", "user", (Speech(None),)), None))
DELETED = Entered(0.0, ItemDeleted("item_1"))
REMOVED = Left(0.0, ItemRemoved("item_1"))


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        ([OPENED], 0.0),
        ([OPENED, received(10.0)], 9.0),
        ([OPENED, received(3.0), BEGUN, received(4.0)], 2.5),
        ([OPENED, received(3.0), BEGUN, received(1.0), COMMITTED, ADDED, received(0.5)], 4.0),
        ([OPENED, received(3.0), BEGUN, received(1.0), COMMITTED, ADDED, received(5.0)], 8.0),
        # What was committed and did not become an item, or was taken back because its words were lost.
        ([OPENED, received(3.0), BEGUN, received(1.0), COMMITTED], 2.5),
        ([OPENED, received(3.0), BEGUN, received(1.0), COMMITTED, ADDED, received(5.0), REMOVED], 2.5),
        (
            [
                OPENED,
                received(3.0),
                BEGUN,
                received(1.0),
                COMMITTED,
                ADDED,
                DELETED,
                REMOVED,
            ],
            4.0,
        ),
        ([OPENED, received(10.0), OPENED, received(3.0)], 2.0),
    ],
)
def test_what_may_not_have_been_noticed_is_heard_again(facts: list[LogFact], seconds: float) -> None:
    items = Items()
    for fact in facts:
        items.take(fact)
    assert items.hearing.heard().resend_from_seconds == pytest.approx(seconds)
