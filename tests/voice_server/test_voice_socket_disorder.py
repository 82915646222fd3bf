"""Valid requests in any order, about items that exist, are being made, or are gone: nothing breaks, order is kept."""

import random

import pytest

from pipeline.providers.interfaces import ToolCall
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from tests.voice_server.wire.served import Talk, served, speech

STEPS = 40
CALL = ToolCall("call_1", "get_weather", '{"city": "Ulm"}')
WORDS = "There is much to say about that, and it takes its time."


class Disorder:
    """A client that does whatever comes to its mind."""

    def __init__(self, talk: Talk, seed: int) -> None:
        self.talk = talk
        self.random = random.Random(seed)
        self.steps = [
            self.speak,
            self.be_silent,
            self.commit,
            self.clear,
            self.write,
            self.delete,
            self.truncate,
            self.retrieve,
            self.respond,
            self.respond,
            self.respond_beside,
            self.cancel,
            self.change_turns,
            self.listen,
            self.listen,
        ]

    async def step(self) -> None:
        await self.random.choice(self.steps)()

    def known_item(self) -> str:
        """One that was ever seen, also one that is being made or was deleted."""
        items: list[str] = [m["item"]["id"] for m in self.talk.messages if m["type"] == "response.output_item.added"]
        items += [m["item"]["id"] for m in self.talk.messages if m["type"] == "conversation.item.added"]
        return self.random.choice(items or ["nothing"])

    async def speak(self) -> None:
        await self.talk.append(speech(self.random.choice((0.05, 0.3))))

    async def be_silent(self) -> None:
        await self.talk.be_silent(self.random.choice((0.1, 0.7)))

    async def commit(self) -> None:
        await self.talk.send("input_audio_buffer.commit")

    async def clear(self) -> None:
        await self.talk.send("input_audio_buffer.clear")

    async def write(self) -> None:
        content = [{"type": "input_text", "text": "Hello."}]
        item = {"type": "message", "role": "user", "content": content}
        previous = self.random.choice((None, self.known_item()))
        await self.talk.send("conversation.item.create", item=item, previous_item_id=previous)

    async def delete(self) -> None:
        await self.talk.send("conversation.item.delete", item_id=self.known_item())

    async def truncate(self) -> None:
        milliseconds = self.random.choice((0, 20, 100, 100_000))
        fields = {"content_index": 0, "audio_end_ms": milliseconds}
        await self.talk.send("conversation.item.truncate", item_id=self.known_item(), **fields)

    async def retrieve(self) -> None:
        await self.talk.send("conversation.item.retrieve", item_id=self.known_item())

    async def respond(self) -> None:
        modality = self.random.choice(("audio", "text"))
        await self.talk.send("response.create", response={"output_modalities": [modality]})

    async def respond_beside(self) -> None:
        given = [{"type": "item_reference", "id": self.known_item()}]
        await self.talk.send("response.create", response={"conversation": "none", "input": given})

    async def cancel(self) -> None:
        ids = [m["response"]["id"] for m in self.talk.messages if m["type"] == "response.created"]
        fields = {"response_id": self.random.choice(ids)} if ids and self.random.random() < 0.5 else {}
        await self.talk.send("response.cancel", **fields)

    async def change_turns(self) -> None:
        turns = self.random.choice(
            (
                None,
                {"type": "server_vad", "idle_timeout_ms": 300},
                {"type": "server_vad", "interrupt_response": False, "create_response": False},
                {"type": "semantic_vad", "eagerness": "high"},
            )
        )
        session = {"type": "realtime", "audio": {"input": {"turn_detection": turns, "transcription": {}}}}
        await self.talk.send("session.update", session=session)

    async def listen(self) -> None:
        """Read until everything so far is answered, so that what follows is about the present."""
        await self.talk.settle()


@pytest.mark.parametrize("seed", range(24))
async def test_any_order_of_valid_requests(seed: int) -> None:
    model = ScriptedLanguageModel(WORDS, CALL, WORDS, WORDS, seconds_per_token=0.001)
    voice = ScriptedTextToSpeech(seconds_per_character=random.Random(seed).choice((0.001, 0.05)))
    async with served(model=model, voice=voice) as server, server.talk() as talk:
        disorder = Disorder(talk, seed)
        for _ in range(STEPS):
            await disorder.step()
        await talk.send("session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
        await talk.send("input_audio_buffer.clear")
        await talk.settle()
        await talk.send("response.cancel")
        await talk.settle()
        while is_replying(talk):
            await talk.until("response.done")
        done = await talk.ask("Still there?", output_modalities=["text"])
        assert done["response"]["status"] == "completed"


def is_replying(talk: Talk) -> bool:
    def ids(kind: str) -> set[str]:
        return {m["response"]["id"] for m in talk.messages if m["type"] == kind}

    return bool(ids("response.created") - ids("response.done"))
