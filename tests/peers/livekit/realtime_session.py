"""LiveKit's RealtimeSession by itself over our server: spoken, written, tool and barge-in.

Run as `realtime_session.py URL KEY RECORDINGS`; exits with 0 if all was well.
"""

import asyncio
import sys
import time
from pathlib import Path

import aiohttp
from checks import Checks, digits
from generation import Heard, element_stock
from livekit import rtc
from livekit.agents import llm
from livekit.plugins.openai.realtime import RealtimeModel, RealtimeSession
from microphone import FRAME_SAMPLES, RATE, Microphone, loudness
from story import STORY
from warnings_heard import WarningsHeard

PLAYED_MS = 1500
"""What the application says that its loudspeaker has played of the answer that is interrupted."""


class Conversation:
    """One session, with everything that it has told."""

    def __init__(self, checks: Checks, session: RealtimeSession, microphone: Microphone) -> None:
        self.checks = checks
        self.session = session
        self.microphone = microphone
        self.generations: asyncio.Queue[llm.GenerationCreatedEvent] = asyncio.Queue()
        self.transcripts: asyncio.Queue[str] = asyncio.Queue()
        self.speech_started = asyncio.Event()
        self.errors: list[str] = []
        session.on("generation_created", self._generating)
        session.on("input_audio_transcription_completed", self._transcribed)
        session.on("input_speech_started", lambda _: self.speech_started.set())
        session.on("error", lambda event: self.errors.append(str(event.error)))

    def _generating(self, event: llm.GenerationCreatedEvent) -> None:
        if not event.user_initiated:
            self.generations.put_nowait(event)

    def _transcribed(self, event: llm.InputTranscriptionCompleted) -> None:
        if event.is_final:
            self.transcripts.put_nowait(event.transcript)

    async def push_audio(self) -> None:
        async for audio in self.microphone:
            self.session.push_audio(rtc.AudioFrame(audio, RATE, 1, FRAME_SAMPLES))

    async def spoken_answer(self, what: str) -> Heard:
        """What the server says by itself after speech, when it has been played."""
        generation = await self.checks.awaited(what, self.generations.get())
        return await self._played(what, generation)

    async def asked_answer(self, what: str) -> Heard:
        """What the server says when it is told to, when it has been played."""
        generation = await self.checks.awaited(what, self.session.generate_reply())
        return await self._played(what, generation)

    async def _played(self, what: str, generation: llm.GenerationCreatedEvent) -> Heard:
        heard = await self.checks.awaited(f"the end of {what}", Heard().listen(generation), 40)
        if heard.first_audio is not None:
            left = max(0.02, heard.first_audio + heard.seconds - time.monotonic())
            await self.checks.awaited(f"{what} to be played", self.microphone.be_silent(left))
        return heard

    async def write(self, text: str) -> None:
        context = self.session.chat_ctx.copy()
        context.add_message(role="user", content=text)
        await self.checks.awaited("the written message to be acknowledged", self.session.update_chat_ctx(context))

    async def answer_call(self, heard: Heard, result: str) -> None:
        """Give a call its output."""
        [call] = heard.calls
        context = self.session.chat_ctx.copy()
        output = llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output=result, is_error=False)
        context.insert(output)
        await self.checks.awaited("the output to be acknowledged", self.session.update_chat_ctx(context))


async def spoken_turn(talk: Conversation) -> None:
    sent = await talk.checks.awaited("the question to be spoken", talk.microphone.say("speed_of_light_slt"))
    heard = await talk.spoken_answer("the spoken answer")
    talk.checks.measured("last speech sample sent to first audio frame, spoken turn", (heard.first_audio or 0) - sent)
    transcript = await talk.checks.awaited("the question's transcript", talk.transcripts.get())
    talk.checks.check("spoken turn, transcript", "speed of light" in transcript.lower(), transcript)
    talk.checks.check("spoken turn, answer", "299" in heard.text, heard.text)
    talk.checks.check("spoken turn, modalities", sorted(heard.modalities) == ["audio", "text"], heard.modalities)
    volume = loudness(bytes(heard.audio))
    talk.checks.check(
        "spoken turn, audio", heard.seconds > 1 and volume > 200, f"{heard.seconds:.1f} s at {volume:.0f}"
    )


async def written_turn(talk: Conversation) -> None:
    await talk.write("What is the boiling point of water?")
    heard = await talk.asked_answer("the answer in speech to a written question")
    talk.checks.check(
        "written turn, answer", "100" in heard.text and heard.seconds > 1, f"{heard.text} ({heard.seconds:.1f} s)"
    )
    roles = [item.role for item in talk.session.chat_ctx.messages()]
    talk.checks.check("written turn, history", roles == ["user", "assistant", "user", "assistant"], roles)


async def tool_turn(talk: Conversation) -> None:
    await talk.checks.awaited("the tools to be sent", talk.session.update_tools([element_stock]))
    await talk.checks.awaited("the question to be spoken", talk.microphone.say("carbon_slt"))
    heard = await talk.spoken_answer("the call")
    named = [(call.name, call.arguments) for call in heard.calls]
    talk.checks.check("tool turn, call", len(named) == 1 and named[0][0] == "element_stock", named)
    await talk.answer_call(heard, "There are 73 grams left.")
    heard = await talk.asked_answer("what the tool gave, spoken")
    talk.checks.check("tool turn, answer", "73" in heard.text, heard.text)
    kinds = [item.type for item in talk.session.chat_ctx.items][-4:]
    wanted = ["message", "function_call", "function_call_output", "message"]
    talk.checks.check("tool turn, history", kinds == wanted, kinds)


async def long_answer(talk: Conversation) -> tuple[Heard, asyncio.Task[Heard]]:
    """Begin one; gives what is heard of it, and the task that listens."""
    await talk.write("How much of the element carbon is left?")
    await talk.answer_call(await talk.asked_answer("the call"), STORY)
    generation = await talk.checks.awaited("a long answer", talk.session.generate_reply())
    heard = Heard()
    return heard, asyncio.create_task(heard.listen(generation))


async def barge_in(talk: Conversation) -> None:
    """As an application of its own would: it knows what its loudspeaker has played, and truncates by that."""
    heard, listening = await long_answer(talk)
    await talk.checks.awaited("three seconds of it", talk.microphone.be_silent(3))
    was_playing = heard.seconds > 2
    talk.speech_started.clear()
    interruption = talk.microphone.say("molar_mass_slt")
    await talk.checks.awaited("the server to hear the interruption", talk.speech_started.wait())
    talk.session.interrupt()
    talk.session.truncate(message_id=heard.message_ids[0], modalities=["audio", "text"], audio_end_ms=PLAYED_MS)
    await talk.checks.awaited("the interrupted answer to end", listening)
    seen = f"{heard.seconds:.1f} s: {heard.text}"
    talk.checks.check("barge-in, the answer stops", was_playing and 0 < len(heard.text) < len(STORY), seen)
    await talk.checks.awaited("the interruption to be spoken", interruption)
    answer = await talk.spoken_answer("the next answer")
    talk.checks.check("barge-in, next turn", "180" in digits(answer.text), answer.text)


async def unheard_answer(talk: Conversation) -> None:
    """An answer of which nothing was played is taken out of the history."""
    heard, listening = await long_answer(talk)
    await talk.checks.awaited("one frame of silence", talk.microphone.be_silent(0.2))
    deleted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    message_id = heard.message_ids[0]

    def received(event: dict[str, object]) -> None:
        if event["type"] == "conversation.item.deleted" and event["item_id"] == message_id:
            deleted.set_result(None)

    talk.session.on("openai_server_event_received", received)
    talk.session.interrupt()
    talk.session.truncate(message_id=message_id, modalities=["audio", "text"], audio_end_ms=0)
    await talk.checks.awaited("the answer to end", listening)
    await talk.checks.awaited("its item to be deleted", deleted)
    left = [item.type for item in talk.session.chat_ctx.items][-2:]
    talk.checks.check("unheard answer, history", left == ["function_call", "function_call_output"], left)


async def converse(checks: Checks, url: str, key: str, recordings: Path) -> None:
    with WarningsHeard() as warnings:
        await talk_all(checks, url, key, recordings)
    checks.check("no warnings", not warnings.lines, warnings.lines)


async def talk_all(checks: Checks, url: str, key: str, recordings: Path) -> None:
    async with aiohttp.ClientSession() as http:
        session = RealtimeModel(base_url=f"{url}/v1", api_key=key, http_session=http).session()
        talk = Conversation(checks, session, Microphone(recordings))
        pushing = asyncio.create_task(talk.push_audio())
        try:
            await checks.awaited(
                "the instructions to be sent", session.update_instructions("You help in a laboratory.")
            )
            await spoken_turn(talk)
            await written_turn(talk)
            await tool_turn(talk)
            await barge_in(talk)
            await unheard_answer(talk)
        finally:
            pushing.cancel()
            await session.aclose()
        checks.check("no errors", not talk.errors, talk.errors)


if __name__ == "__main__":
    results = Checks()
    sys.exit(results.run(converse(results, sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
