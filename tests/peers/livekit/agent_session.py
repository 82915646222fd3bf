"""LiveKit's AgentSession in one process, without a room, over our server: spoken, written, tool and barge-in.

Run as `agent_session.py URL KEY RECORDINGS TURNS`; exits with 0 if all was well. TURNS says who finds the ends of the
user's turns: `server`, or `livekit`, which then commits them and asks for every response itself.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
from checks import Checks, digits
from devices import Loudspeaker, MicrophoneInput
from livekit.agents import NOT_GIVEN, Agent, AgentSession, TurnHandlingOptions, function_tool, llm
from livekit.agents.voice import (
    ConversationItemAddedEvent,
    ErrorEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.plugins.openai.realtime import RealtimeModel
from microphone import RATE, Microphone, loudness
from story import STORY
from warnings_heard import WarningsHeard


class Laboratory(Agent):
    """An agent with two tools."""

    def __init__(self) -> None:
        super().__init__(instructions="You help in a laboratory.")
        self.asked: list[str] = []

    @function_tool
    async def element_stock(self, element: str) -> str:
        """How much of a chemical element is left in the cupboard."""
        self.asked.append(element)
        return "There are 73 grams left."

    @function_tool
    async def integral_history(self) -> str:
        """Where the integral comes from."""
        return STORY


class Conversation:
    """One session, with everything that it has told."""

    def __init__(
        self, checks: Checks, session: "AgentSession[None]", microphone: Microphone, heard: Loudspeaker
    ) -> None:
        self.checks = checks
        self.session = session
        self.microphone = microphone
        self.loudspeaker = heard
        self.transcripts: list[str] = []
        self.messages: list[llm.ChatMessage] = []
        self.errors: list[str] = []
        self._changed = asyncio.Event()
        self._stopped: asyncio.Future[float] | None = None
        session.on("user_input_transcribed", self._transcribed)
        session.on("conversation_item_added", self._added)
        session.on("error", self._failed)
        session.on("user_state_changed", self._user_changed)

    def _transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self.transcripts.append(event.transcript)
            self._changed.set()

    def _added(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage):
            self.messages.append(event.item)
            self._changed.set()

    def _user_changed(self, event: UserStateChangedEvent) -> None:
        if event.old_state == "speaking" and self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(time.monotonic())

    def user_stopped(self) -> "asyncio.Future[float]":
        """When the user is next found to have stopped speaking, of `time.monotonic`."""
        self._stopped = asyncio.get_running_loop().create_future()
        return self._stopped

    def _failed(self, event: ErrorEvent) -> None:
        self.errors.append(str(event.error))

    async def message(self, what: str, matches: Callable[[llm.ChatMessage], bool], seconds: float = 20.0) -> str:
        """Wait until such a message is in the history. Gives its text."""

        async def wait() -> str:
            while True:
                for message in self.messages:
                    if matches(message):
                        return message.text_content or ""
                self._changed.clear()
                await self._changed.wait()

        try:
            return await self.checks.awaited(what, wait(), seconds)
        finally:
            self.messages = []


def said_by(role: str) -> Callable[[llm.ChatMessage], bool]:
    return lambda message: message.role == role


async def spoken_turn(talk: Conversation) -> None:
    first_frame = talk.loudspeaker.listen()
    sent = await talk.checks.awaited("the question to be spoken", talk.microphone.say("speed_of_light_slt"))
    ended = await talk.checks.awaited("the end of the user's turn", talk.user_stopped())
    talk.checks.measured("last speech sample sent to end of the user's turn", ended - sent)
    came = await talk.checks.awaited("the first frame of the answer", first_frame)
    talk.checks.measured("last speech sample sent to first audio frame, spoken turn", came - sent)
    answer = await talk.message("the spoken answer in the history", said_by("assistant"))
    talk.checks.check(
        "spoken turn, transcript", "speed of light" in " ".join(talk.transcripts).lower(), talk.transcripts
    )
    talk.checks.check("spoken turn, answer", "299" in answer, answer)
    seconds, volume = len(talk.loudspeaker.audio) / 2 / RATE, loudness(bytes(talk.loudspeaker.audio))
    talk.checks.check("spoken turn, audio", seconds > 1 and volume > 200, f"{seconds:.1f} s, loudness {volume:.0f}")
    talk.checks.check(
        "spoken turn, played to its end", not talk.loudspeaker.positions[-1][1], talk.loudspeaker.positions
    )


async def written_turn(talk: Conversation) -> None:
    talk.loudspeaker.listen()
    handle = talk.session.generate_reply(user_input="What is the boiling point of water?")
    await talk.checks.awaited("the written question's answer to be played", handle.wait_for_playout(), 30)
    answer = await talk.message("the answer in the history", said_by("assistant"))
    seconds = len(talk.loudspeaker.audio) / 2 / RATE
    talk.checks.check("written turn, answer", "100" in answer, f"{answer!r}, {seconds:.1f} s")


async def tool_turn(talk: Conversation, agent: Laboratory) -> None:
    await talk.checks.awaited("the question to be spoken", talk.microphone.say("carbon_slt"))
    answer = await talk.message("what the tool gave, spoken", said_by("assistant"))
    talk.checks.check("tool turn, arguments", len(agent.asked) == 1 and "carbon" in agent.asked[0], agent.asked)
    talk.checks.check("tool turn, answer", "73" in answer, answer)
    items = [item.type for item in talk.session.history.items][-4:]
    wanted = ["message", "function_call", "function_call_output", "message"]
    talk.checks.check("tool turn, history", items == wanted, items)


async def barge_in(talk: Conversation) -> None:
    first_frame = talk.loudspeaker.listen()
    handle = talk.session.generate_reply(user_input="Tell me the history of the integral.")
    await talk.checks.awaited("the first frame of a long answer", first_frame)
    await talk.checks.awaited("three seconds of it", talk.microphone.be_silent(3))
    await talk.checks.awaited("the interruption to be spoken", talk.microphone.say("molar_mass_slt"))
    cut = await talk.message("the interrupted answer in the history", lambda m: m.role == "assistant" and m.interrupted)
    await talk.checks.awaited("the interrupted answer to end", handle.wait_for_playout())
    played, was_interrupted = talk.loudspeaker.positions[-1]
    talk.checks.check("barge-in, loudspeaker", was_interrupted and 2 < played < 8, f"stopped at {played:.2f} s")
    talk.checks.check("barge-in, the answer is cut", 0 < len(cut) < len(STORY), cut)
    answer = await talk.message("the next answer", said_by("assistant"))
    talk.checks.check("barge-in, next turn", "180" in digits(answer), f"{talk.transcripts[-1]!r} -> {answer!r}")


def open_session(url: str, key: str, turns: str, http: aiohttp.ClientSession) -> "AgentSession[None]":
    is_ours = turns == "server"
    model = RealtimeModel(
        base_url=f"{url}/v1",
        api_key=key,
        http_session=http,
        turn_detection=NOT_GIVEN if is_ours else None,
    )
    turn_handling: TurnHandlingOptions = {
        "turn_detection": "realtime_llm" if is_ours else "vad",
        # The loudspeaker cannot pause.
        "interruption": {"resume_false_interruption": False},
    }
    vad = None if is_ours else NOT_GIVEN
    return AgentSession[None](llm=model, vad=vad, turn_handling=turn_handling, aec_warmup_duration=None)


async def converse(checks: Checks, url: str, key: str, recordings: Path, turns: str) -> None:
    microphone, loudspeaker = Microphone(recordings), Loudspeaker()
    with WarningsHeard() as warnings:
        async with aiohttp.ClientSession() as http, open_session(url, key, turns, http) as session:
            talk = Conversation(checks, session, microphone, loudspeaker)
            session.input.audio = MicrophoneInput(microphone)
            session.output.audio = loudspeaker
            agent = Laboratory()
            await checks.awaited("the session to start", session.start(agent, record=False))
            await spoken_turn(talk)
            await written_turn(talk)
            await tool_turn(talk, agent)
            await barge_in(talk)
    checks.check("no errors", not talk.errors, talk.errors)
    checks.check("no warnings", not warnings.lines, warnings.lines)


if __name__ == "__main__":
    results = Checks()
    sys.exit(results.run(converse(results, sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])))
