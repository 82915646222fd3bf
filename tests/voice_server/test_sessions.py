"""Conversations as the server begins them: with the assistant's own phrases, which may come first."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

from pipeline.errors import ProviderUnavailable
from pipeline.events import ItemCreated, ReplyAudio, ReplyFinished, ReplyRequested
from pipeline.items import Message, Text
from pipeline.providers.interfaces import LanguageModel
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Session
from tests.virtual_time import in_virtual_time
from tests.voice_server.full_server import FullServer, assistant, full_server, recording
from voice_server.assistants.catalog import Catalog
from voice_server.phrases import APOLOGY, Phrasebook, Speaker
from voice_server.sessions import Sessions
from voice_server.stages import Stages


def sessions(model: LanguageModel | None = None) -> tuple[Sessions, Phrasebook]:
    """Sessions with an assistant that greets."""
    voice, tester = ScriptedTextToSpeech(), replace(assistant(), greeting="Welcome!")
    stages = Stages(ScriptedSpeechToText(), voice, {"tester": model or ScriptedLanguageModel()}, voice, tuple)
    book = Phrasebook(voice, voice, {"tester": Speaker(None, "en", tester.greeting)})
    return Sessions(Catalog(tester), stages, book, None), book


async def words_of(session: Session, replies: int) -> str:
    """What is said until so many replies are over."""
    said = ""
    async with aclosing(session.outputs()) as outputs:
        async for output in outputs:
            said += output.text if isinstance(output, ReplyAudio) else ""
            replies -= isinstance(output, ReplyFinished)
            if not replies:
                break
    return said


@in_virtual_time
async def test_an_assistant_with_a_greeting_has_the_first_word() -> None:
    begun, book = sessions()
    await book.prepare()
    _, settings = begun.find_assistant("tester")
    async with begun.new_session("sess_1", settings, "tester", greets=True) as session:
        assert await words_of(session, 1) == "Welcome!"


@in_virtual_time
async def test_a_greeting_that_is_not_ready_or_not_wanted_is_left_out() -> None:
    for is_ready, greets in ((False, True), (True, False)):
        begun, book = sessions(ScriptedLanguageModel("Yes."))
        if is_ready:
            await book.prepare()
        _, settings = begun.find_assistant("tester")
        async with begun.new_session("sess_1", settings, "tester", greets=greets) as session:
            session.receive(ItemCreated(Message("item_1", "user", (Text("Hello?"),))))
            session.receive(ReplyRequested())
            assert await words_of(session, 1) == "Yes."


@in_virtual_time
async def test_phrases_that_become_ready_during_a_conversation_are_used_in_it() -> None:
    begun, book = sessions(ScriptedLanguageModel(ProviderUnavailable("Away.")))
    _, settings = begun.find_assistant("tester")
    async with begun.new_session("sess_1", settings, "tester", greets=True) as session:
        await book.prepare()
        session.receive(ItemCreated(Message("item_1", "user", (Text("Hello?"),))))
        session.receive(ReplyRequested())
        assert await words_of(session, 1) == APOLOGY["en"]


async def greeted(server: FullServer, query: str) -> bool:
    """Whether the first that is said comes without being asked for."""
    async with server.http.ws_connect(f"/v1/realtime{query}") as socket:
        await socket.send_json({"type": "conversation.item.retrieve", "item_id": "nothing"})
        kinds: list[str] = []
        while not kinds or kinds[-1] != "error":
            kinds.append((await socket.receive_json())["type"])
        return "response.created" in kinds


async def test_who_connects_is_greeted_once_the_greeting_is_ready() -> None:
    voice = ScriptedTextToSpeech()
    async with full_server(greeting="Good day.", own_voice=voice) as server:
        async with asyncio.timeout(20):
            while not await greeted(server, ""):
                pass
        assert voice.clauses[0] == "Good day."
        assert not await greeted(server, "?greeting=0")
        assert not await greeted(server, "?intent=transcription")
        status, answer = await server.chat(recording())
        assert (status, answer["text_response"]) == (200, "Good morning. How are you?")
