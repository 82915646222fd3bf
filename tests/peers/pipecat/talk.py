"""One Pipecat pipeline with OpenAIRealtimeLLMService over our server, and the turns that are taken in it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from checks import Checks, digits
from devices import Loudspeaker, MicrophoneInput, Tap
from loguru import logger
from microphone import RATE, Microphone, loudness
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
    UserTurnMessageAddedMessage,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner
from story import STORY


@dataclass(frozen=True)
class Server:
    """Where to, and what to say."""

    url: str
    key: str
    recordings: Path


class Conversation:
    """One pipeline, with everything that passed through it."""

    def __init__(
        self,
        checks: Checks,
        server: Server,
        turn_detection: events.SemanticTurnDetection | Literal[False],
        user_params: LLMUserAggregatorParams | None = None,
    ) -> None:
        self.checks = checks
        self.microphone = Microphone(server.recordings)
        self.loudspeaker = Loudspeaker()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.users: list[str] = []
        self.replies: list[AssistantTurnStoppedMessage] = []
        self.items: list[str] = []
        """The assistant's messages by the server's ids."""
        self.frames: list[tuple[float, Frame]] = []
        """What has passed since the last turn began."""
        self.errors: list[str] = []
        self._changed = asyncio.Event()

        tools = [
            FunctionSchema(
                "element_stock",
                "How much of a chemical element is left in the cupboard.",
                {"element": {"type": "string", "description": "The element's name."}},
                ["element"],
                handler=self._answer("There are 73 grams left."),
            ),
            FunctionSchema("integral_history", "Where the integral comes from.", {}, [], handler=self._answer(STORY)),
        ]
        self.context = LLMContext(
            [{"role": "user", "content": "What is the boiling point of water?"}], tools=ToolsSchema(tools)
        )
        self.llm = OpenAIRealtimeLLMService(
            api_key=server.key,
            base_url=f"{server.url.replace('http', 'ws', 1)}/v1/realtime",
            settings=OpenAIRealtimeLLMService.Settings(
                system_instruction="You help in a laboratory.",
                session_properties=events.SessionProperties(
                    audio=events.AudioConfiguration(
                        input=events.AudioInput(
                            transcription=events.InputAudioTranscription(),
                            turn_detection=turn_detection,
                            noise_reduction=events.InputAudioNoiseReduction(type="near_field"),
                        )
                    )
                ),
            ),
        )
        user, assistant = LLMContextAggregatorPair(self.context, user_params=user_params)
        parts = [MicrophoneInput(self.microphone), user, self.llm, Tap(self._show), self.loudspeaker]
        self.worker = PipelineWorker(Pipeline([*parts, Tap(self._show), assistant]), enable_rtvi=False)
        user.add_event_handler("on_user_turn_message_added", self._user_said)
        assistant.add_event_handler("on_assistant_turn_stopped", self._replied)
        self.llm.add_event_handler("on_conversation_item_created", self._item_created)
        self.worker.add_event_handler("on_pipeline_error", self._failed)

    def _answer(self, result: str) -> Callable[[FunctionCallParams], Any]:
        async def answer(call: FunctionCallParams) -> None:
            self.asked.append((call.function_name, dict(call.arguments)))
            await call.result_callback(result)

        return answer

    def _show(self, frame: Frame) -> None:
        self.frames.append((time.monotonic(), frame))
        self._changed.set()

    async def _user_said(self, _: object, message: UserTurnMessageAddedMessage) -> None:
        self.users.append(message.content)
        self._changed.set()

    async def _replied(self, _: object, message: AssistantTurnStoppedMessage) -> None:
        self.replies.append(message)
        self._changed.set()

    async def _item_created(self, _: object, item_id: str, item: events.ConversationItem) -> None:
        if item.role == "assistant":
            self.items.append(item_id)

    async def _failed(self, _: object, frame: ErrorFrame) -> None:
        self.errors.append(frame.error)

    def begin(self) -> None:
        self.frames.clear()
        self.replies.clear()
        self.loudspeaker.played.clear()

    async def until(self, what: str, reached: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until it is so. Raises Missed."""

        async def wait() -> None:
            while not reached():
                self._changed.clear()
                await self._changed.wait()

        await self.checks.awaited(what, wait(), seconds)

    def when(self, kind: type[Frame]) -> float | None:
        """When the first frame of this kind passed, in this turn."""
        return next((at for at, frame in self.frames if isinstance(frame, kind)), None)

    async def answer(self, what: str, *, interrupted: bool = False) -> str:
        """Wait for the assistant's reply to be in the context and, if it was not interrupted, to be played."""
        await self.until(what, lambda: any(reply.content for reply in self.replies))
        if not interrupted:
            await self.until(f"{what} to be played", lambda: self.when(BotStoppedSpeakingFrame) is not None, 40)
        return next(reply.content for reply in self.replies if reply.content)

    def audio(self) -> bytes:
        return b"".join(frame.audio for _, frame in self.frames if isinstance(frame, TTSAudioRawFrame))

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Run the pipeline while the context lasts; then check that nothing was complained about."""
        warnings: list[str] = []
        service = "pipecat.services.openai"
        logger.add(lambda line: warnings.append(str(line).strip()), level="WARNING", filter=service, format="{message}")
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        running = asyncio.create_task(runner.run())
        try:
            yield
            self.checks.check("no errors", not self.errors, self.errors)
            self.checks.check("no warnings of the service", not warnings, warnings)
        finally:
            await self.worker.cancel()
            await self.checks.awaited("the pipeline to end", running)


async def written_turn(talk: Conversation) -> None:
    talk.begin()
    await talk.worker.queue_frame(LLMRunFrame())
    answer = await talk.answer("the answer to the context's question")
    talk.checks.check("written turn, answer", "100" in answer, answer)


async def spoken_turn(talk: Conversation) -> None:
    talk.begin()
    sent = await talk.checks.awaited("the question to be spoken", talk.microphone.say("speed_of_light_slt"))
    await talk.until("the first frame of the answer", lambda: talk.when(TTSAudioRawFrame) is not None)
    talk.checks.measured(
        "last speech sample sent to end of the user's turn", (talk.when(UserStoppedSpeakingFrame) or 0) - sent
    )
    talk.checks.measured(
        "last speech sample sent to first audio frame, spoken turn", (talk.when(TTSAudioRawFrame) or 0) - sent
    )
    answer = await talk.answer("the spoken answer")
    talk.checks.check("spoken turn, transcript", "speed of light" in talk.users[-1].lower(), talk.users)
    talk.checks.check("spoken turn, answer", "299" in answer, answer)
    played = bytes(talk.loudspeaker.played)
    seen = f"{len(played) / 2 / RATE:.1f} s played, loudness {loudness(played):.0f}"
    talk.checks.check("spoken turn, audio", len(played) > 2 * RATE and loudness(played) > 200, seen)
    roles = [message["role"] for message in talk.context.get_messages() if isinstance(message, dict)][-4:]
    talk.checks.check("spoken turn, context", roles == ["user", "assistant", "user", "assistant"], roles)


async def tool_turn(talk: Conversation) -> None:
    talk.begin()
    await talk.checks.awaited("the question to be spoken", talk.microphone.say("carbon_slt"))
    answer = await talk.answer("what the tool gave, spoken")
    name, arguments = talk.asked[-1]
    talk.checks.check("tool turn, call", name == "element_stock" and "carbon" in arguments["element"], talk.asked)
    talk.checks.check("tool turn, answer", "73" in answer, answer)


async def barge_in(talk: Conversation) -> None:
    talk.begin()
    await talk.checks.awaited("the question to be spoken", talk.microphone.say("integral_slt"))
    await talk.until("the first frame of a long answer", lambda: talk.when(TTSAudioRawFrame) is not None)
    await talk.checks.awaited("three seconds of it", talk.microphone.be_silent(3))
    interrupted_item = talk.items[-1]
    interruption = talk.microphone.say("molar_mass_slt")
    cut = await talk.answer("the interrupted answer in the context", interrupted=True)
    played = len(talk.loudspeaker.played) / 2 / RATE
    interruptions = [reply.interrupted for reply in talk.replies]
    stopped = talk.when(InterruptionFrame) is not None and any(interruptions)
    talk.checks.check("barge-in, interrupted", stopped and 2 < played < 8, f"after {played:.2f} s")
    talk.checks.check("barge-in, the answer is cut", 0 < len(cut) < len(STORY), cut)
    talk.begin()
    await talk.checks.awaited("the interruption to be spoken", interruption)
    answer = await talk.answer("the next answer")
    talk.checks.check("barge-in, next turn", "180" in digits(answer), f"{talk.users[-1]!r} -> {answer!r}")
    item = await talk.checks.awaited("the item to be retrieved", talk.llm.retrieve_conversation_item(interrupted_item))
    kept = (item.content[0].transcript or "") if item.content else ""
    talk.checks.check("barge-in, the server's item is cut", 0 < len(kept) < len(STORY) and STORY.startswith(kept), kept)
