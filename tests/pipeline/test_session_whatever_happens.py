"""Whatever a client does in whatever order: no exception, no reply without an end, no news about unknown things."""

import asyncio
import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from pipeline.errors import ProviderError, ProviderUnavailable
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    AudioReceived,
    GuessDropped,
    Input,
    ItemAdded,
    ItemCreated,
    ItemCut,
    ItemDeleted,
    ItemRemoved,
    ItemRetrieved,
    ItemTruncated,
    Output,
    PlaybackReported,
    ReplyArguments,
    ReplyAudio,
    ReplyCancelled,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyRequested,
    ReplyRestored,
    ReplyStarted,
    ReplyText,
    SettingsChanged,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
    TranscriptFailed,
    UtteranceCommitted,
)
from pipeline.items import FunctionCall, FunctionCallOutput, Item, Message, Speech, new_id
from pipeline.prepared import Phrases
from pipeline.providers.interfaces import ToolCall, ToolDefinition
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.settings import ReplyOptions, SessionSettings, TurnDetection
from pipeline.tools import Tool
from tests.pipeline.lab import Client, Lab, hush, laboratory, prepared, tone, typed
from tests.virtual_time import VirtualTimeLoop

SPEECH, SILENCE = tone(0.3), hush(0.3)
PHRASES = Phrases(prepared("Hello. ", 0.4), prepared("One moment, please. ", 1.3), prepared("I am sorry. ", 0.7))
OUTSIDE = ToolDefinition("outside", "", {})


async def inside(arguments: Mapping[str, object]) -> str:
    await asyncio.sleep(0.05)
    if "bad" in arguments:
        raise ValueError("Bad.")
    return "fine"


class Chaos:
    """Somebody who does anything."""

    def __init__(self, chance: random.Random, lab: Lab) -> None:
        self._chance = chance
        self._lab = lab
        self._ids = ["item_unknown"]

    def next(self) -> Input:
        """Anything."""
        choices: list[Callable[[], Input]] = [
            *[lambda: AudioReceived(SPEECH)] * 4,
            *[lambda: AudioReceived(SILENCE)] * 5,
            *[lambda: AudioReceived(tone(self._chance.choice([0.14, 0.2, 0.4, 0.9])))] * 2,
            *[lambda: AudioReceived(hush(self._chance.choice([0.1, 0.14, 0.2, 0.7, 1.5])))] * 3,
            AudioCommitted,
            AudioCleared,
            lambda: ItemCreated(self._item(), self._chance.choice([None, None, "root", self._id()])),
            lambda: ItemDeleted(self._id()),
            lambda: ItemRetrieved(self._id()),
            lambda: ItemTruncated(self._id(), self._seconds()),
            lambda: PlaybackReported(self._id(), self._seconds(), playing=self._chance.random() < 0.7),
            lambda: ReplyRequested(self._options(), input=self._chance.choice([None, None, (self._id(),)])),
            lambda: ReplyCancelled(self._chance.choice([None, "resp_unknown"])),
            lambda: SettingsChanged(self.settings()),
        ]
        return self._chance.choice(choices)()

    def settings(self) -> SessionSettings:
        chance = self._chance
        detection = TurnDetection(
            kind=chance.choice(["server_vad", "semantic_vad"]),
            create_reply=chance.random() < 0.7,
            interrupt_reply=chance.random() < 0.7,
            idle_timeout_seconds=chance.choice([None, 1.0]),
        )
        return SessionSettings(
            turn_detection=chance.choice([detection, detection, None]),
            modality=chance.choice(["audio", "audio", "text"]),
            tools=chance.choice([(), (OUTSIDE,)]),
            reports_playback=chance.random() < 0.5,
            ducks=chance.random() < 0.5,
            guess_after_seconds=chance.choice([0.12, 0.12, None]),
            moment_seconds=chance.choice([0.3, 2.0]),
            max_utterance_seconds=3.0,
            max_buffer_seconds=5.0,
            max_tool_rounds=2,
            replies=chance.random() < 0.95,
        )

    def _options(self) -> ReplyOptions:
        return replace(ReplyOptions(), in_conversation=self._chance.random() < 0.7)

    def _item(self) -> Item:
        item_id = self._chance.choice([new_id("item"), self._id()])
        items: list[Item] = [
            typed(item_id, "words"),
            Message(item_id, "user", (Speech(None, SPEECH),)),
            FunctionCallOutput(item_id, "call_1", "result"),
            FunctionCall(item_id, "call_1", "outside", "{}"),
        ]
        return self._chance.choice(items)

    def _id(self) -> str:
        self._ids += [item.id for item in self._lab.session.conversation][-3:]
        del self._ids[:-20]
        return self._chance.choice(self._ids)

    def _seconds(self) -> float:
        return self._chance.choice([0.0, 0.3, 1.0, 5.0, -1.0, math.nan])


def providers(chance: random.Random) -> dict[str, object]:
    def slow(most: float) -> float:
        return chance.choice([0.0, chance.uniform(0.0, most)])

    lost = ProviderUnavailable("Lost.")
    transcripts: list[str | ProviderError] = ["hello", "what is that", "", "", "mm-hm", "sì, sì", "a table for", lost]
    answers: list[str | ToolCall | ProviderError] = [
        "Yes.",
        "One, two, three, four, five, six. Seven, eight, nine, ten.",
        "",
        "Well then, let me see.",
    ]
    calls: list[str | ToolCall | ProviderError] = [
        ToolCall("call_1", "inside", "{}"),
        ToolCall("call_1", "inside", '{"bad": 1}'),
        ToolCall("c", "outside", "{}"),
    ]
    return {
        "stt": ScriptedSpeechToText(
            *chance.choices(transcripts, k=20),
            final_seconds=slow(0.9),
            seconds_per_word=chance.choice([None, 0.15]),
        ),
        "llm": ScriptedLanguageModel(
            *chance.choices([*answers, *answers, *calls, lost], k=40),
            first_token_seconds=slow(0.5),
            seconds_per_token=slow(0.1),
        ),
        "tts": ScriptedTextToSpeech(first_audio_seconds=slow(0.4), error=chance.choice([None] * 9 + [lost])),
        "tools": [Tool(ToolDefinition("inside", "", {}), inside, writes=chance.random() < 0.5)],
        "phrases": chance.choice([None, PHRASES]),
        "greets": chance.random() < 0.5,
    }


async def anything_goes(seed: int) -> list[Output]:
    chance = random.Random(seed)
    client = Client(reports=chance.random() < 0.3, truncates=chance.random() < 0.3)
    async with laboratory(client=client, **providers(chance)) as lab:  # type: ignore[arg-type]
        chaos = Chaos(chance, lab)
        for _ in range(150):
            lab.send(chaos.next())
            await asyncio.sleep(chance.choice([0.0, 0.0, 0.02, 0.1, 0.3]))
        # It all comes to an end when the client does no more.
        lab.send(SettingsChanged(SessionSettings(turn_detection=None)), AudioCleared())
        for _ in range(100):
            if not (lab.session._replies.being_given or lab.session._hearing):
                break
            await asyncio.sleep(1.0)
        assert lab.session._replies.being_given == {}
        assert lab.session._hearing == {}
        assert lab.session._turns.state.value == "idle"
        await lab.settle()
        assert [item.id for item in lab.session.conversation] == list_of(lab.outputs), "the client knows every item"
        return lab.outputs


def list_of(outputs: list[Output]) -> list[str]:
    """The conversation as a client knows it that believes what it is told."""
    items: list[str] = []
    beside = {one.reply_id for one in outputs if isinstance(one, ReplyStarted) and not one.options.in_conversation}
    for output in outputs:
        match output:
            case ItemAdded(item, previous) | ReplyItemStarted(item=item, previous_item_id=previous):
                if isinstance(output, ReplyItemStarted) and output.reply_id in beside:
                    continue
                assert item.id not in items
                assert previous is None or previous in items
                items.insert(0 if previous is None else items.index(previous) + 1, item.id)
            case ItemRemoved(item_id):
                items.remove(item_id)
    return items


def check_speech(outputs: list[Output]) -> None:
    """What the user says comes in order."""
    speaking: str | None = None
    known: set[str] = set()
    taken_back = dropped(outputs)
    for output in outputs:
        match output:
            case SpeechStarted(item_id):
                assert speaking is None or speaking in taken_back
                speaking = item_id
            case SpeechStopped(item_id):
                assert item_id == speaking
                speaking = None
            case UtteranceCommitted(item_id) | ItemAdded(item=Message(id=item_id)):
                known.add(item_id)
            case TranscriptCompleted(item_id) | TranscriptFailed(item_id):
                assert item_id in known


def check_replies(outputs: list[Output]) -> None:
    """What the assistant says comes in order."""
    running: dict[str, set[str]] = {}
    for output in outputs:
        match output:
            case ReplyStarted(reply_id):
                assert reply_id not in running
                running[reply_id] = set()
            case ReplyItemStarted(reply_id, item):
                running[reply_id].add(item.id)
            case ReplyText(reply_id, item_id) | ReplyAudio(reply_id, item_id) | ReplyArguments(reply_id, item_id):
                assert item_id in running[reply_id]
            case ReplyItemFinished(reply_id, item):
                running[reply_id].remove(item.id)
            case ReplyFinished(reply_id):
                assert running.pop(reply_id) == set(), "every item of a reply is finished before the reply is"
            case ReplyInterrupted(_, _, seconds) | ItemCut(_, seconds):
                assert seconds >= 0.0
    assert running == {}


def check_floor(outputs: list[Output]) -> None:
    """One reply of the conversation at a time; nothing of a guess that was dropped; nothing aloud while it is quiet."""
    speaking: str | None = None
    quiet: str | None = None
    forgotten = {output.reply_id for output in outputs if isinstance(output, GuessDropped)}
    started: dict[str, ReplyStarted] = {}
    for output in outputs:
        if isinstance(output, (ReplyStarted, ReplyItemStarted, ReplyText, ReplyAudio, ReplyFinished)):
            assert output.reply_id not in forgotten
        match output:
            case ReplyStarted(reply_id, options, _, continues):
                started[reply_id] = output
                assert continues is None or continues in started
                if options.in_conversation:
                    assert speaking is None, "an answer begins when the one before it is finished"
                    speaking = reply_id
            case ReplyFinished(reply_id):
                speaking = None if reply_id == speaking else speaking
                quiet = None if reply_id == quiet else quiet
            case ReplyDucked(reply_id):
                quiet = reply_id
            case ReplyRestored():
                quiet = None
            case ReplyAudio(reply_id):
                assert reply_id != quiet


def normal(outputs: list[Output]) -> str:
    """What happened, with every id replaced by the number of its first appearance."""
    ids: dict[str, str] = {}
    told = "\n".join(
        re.sub(r"samples=array\(.*?\)", f"{len(output.samples)} samples", repr(output), flags=re.DOTALL)
        if isinstance(output, ReplyAudio)
        else re.sub(r"samples=array\(.*?\)", "samples", repr(output), flags=re.DOTALL)
        for output in outputs
    )
    told = re.sub(r" at 0x[0-9a-f]+", "", told)
    return re.sub(
        r"(item|resp|call)_[0-9a-f]{20}", lambda found: ids.setdefault(found[0], f"{found[1]}{len(ids)}"), told
    )


@pytest.mark.parametrize("seed", range(1000, 1010))
def test_the_same_happens_every_time(seed: int) -> None:
    told = []
    for _ in range(2):
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            told.append(normal(runner.run(anything_goes(seed))))
    assert told[0] == told[1]


def dropped(outputs: list[Output]) -> set[str]:
    """Utterances that began and never ended: the client took them back."""
    stopped = {output.item_id for output in outputs if isinstance(output, SpeechStopped)}
    return {output.item_id for output in outputs if isinstance(output, SpeechStarted)} - stopped


@pytest.mark.parametrize("part", range(4))
def test_whatever_happens(part: int) -> None:
    for seed in range(part * 50, part * 50 + 50):
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            try:
                outputs = runner.run(anything_goes(seed))
                check_speech(outputs)
                check_replies(outputs)
                check_floor(outputs)
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise
